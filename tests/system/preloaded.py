"""What commands of tests would each read anew: imported last by the process that they are forks of, and by nothing else."""

import gc

import alembic.command  # noqa: F401 - a new city needs it

import zenata.store.duckdb.store  # noqa: F401 - opened by URL
from sandbox.parts import city_of

for _name in ("zenata", "valdeira"):
    city_of(_name)
gc.collect()
gc.freeze()  # `zenata up` collects before it forks: of all this, there is nothing to collect
