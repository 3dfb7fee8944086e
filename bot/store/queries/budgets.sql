-- remove_budgets --
-- A budget that has been whole again for a while says nothing any more, and whose it was is nobody's business.
delete from budgets where free_at < :before;
