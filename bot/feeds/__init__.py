"""The early-warning feed: what two officials confirmed, for other agencies and programs, as STIX, TAXII, MISP, JSON Feed and Atom."""
