-- first_figures --
-- The hour of UTC in which anything was counted first: months before it were before the house.
select min(hour) as hour from figures_hours;
