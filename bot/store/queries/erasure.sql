-- own_rows --
-- What of somebody will go, to be told afterwards; the same conditions as those that remove it.
select (select count(*) from reports where person = :person) as reports,
  (select count(*) from follow_ups where person = :person) as follow_ups;
