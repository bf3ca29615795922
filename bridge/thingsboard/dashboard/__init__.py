"""The dashboard *Electricity meters*: a page of the fleet and one of a meter, as JSON that fits every tenant."""
