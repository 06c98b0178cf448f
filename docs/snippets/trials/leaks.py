"""Finds leaks in a trial by HTTP: where the head of the water has been far below what it was at this hour of the days before."""

from collections import defaultdict, deque
from statistics import fmean, pstdev

from zenata_client import Client

with Client() as client:  # ZENATA_URL and ZENATA_KEY say where and who
    street = {sensor.id: sensor.attributes.get("street") for sensor in client.sensors(kind="water")}
    for step in client.trial("leak-detection"):
        if step.number == 1:  # another seed is another city
            before, usual, low, quiet = defaultdict(list), {}, defaultdict(lambda: deque(maxlen=4)), 0
        for reading in step.readings:
            logger, hour = reading.sensor, (reading.sensor, reading.time.hour)
            if reading.property != "head" or street[logger] is None:
                continue
            if step.warm_up:
                before[hour].append(reading.value)
            elif before[hour]:
                if hour not in usual:
                    usual[hour] = fmean(before[hour]), pstdev(before[hour]) + 0.1  # [m]
                mean, spread = usual[hour]
                low[logger].append((mean - reading.value) / spread)
        worst = max(low, key=lambda logger: min(low[logger]), default=None)
        if worst and step.number > quiet and len(low[worst]) == 4 and min(low[worst]) > 6:  # for an hour
            step.answer(streets=[street[worst]])
            quiet = step.number + 96  # a day, in which the same leak shows at its neighbours, too
    print(step.result.score)
