-- What was last said of exactly which words: a letter for the verdict and a keyed hash of the words, the newest last, few of them.
-- It stands in the row that is read and written at every question, so that to see a verdict turn costs nothing more.
alter table sightings add column said text not null default '';

-- Which of a message's wordings somebody asked about, by the same hash: copies differ in links and numbers, and so do verdicts.
alter table sighting_sources add column words text not null default '';

-- A wave that no official began reaches those who asked about exactly these words; '' for an official's.
alter table recalls add column words text not null default '';
