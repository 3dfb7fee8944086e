"""From the bulletin to the street: chart, poster, handout, picture, and words to be read aloud. Made from the bulletin's own
facts and nothing else; heavy libraries are imported where they draw, in a process of their own."""
