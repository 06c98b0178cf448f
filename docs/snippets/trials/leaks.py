"""Finds leaks in a trial by HTTP: where the head of the water is far below what it was at this time of the days before."""

from collections import defaultdict
from statistics import mean, pstdev

from zenata_client import Client

with Client() as client:  # ZENATA_URL and ZENATA_KEY say where and who
    street = {sensor.id: sensor.attributes.get("street") for sensor in client.sensors(kind="water")}
    before, named = defaultdict(list), set()
    for step in client.trial("leak-detection"):
        if step.number == 1:  # another seed is another city
            before, named = defaultdict(list), set()
        for reading in step.readings:
            where = street[reading.sensor]
            if reading.property != "head" or where is None:
                continue
            usual = before[reading.sensor, reading.time.hour]
            if step.warm_up:
                usual.append(reading.value)
            elif usual and where not in named and mean(usual) - reading.value > 1 + 5 * pstdev(usual):  # [m]
                named.add(where)
                step.answer(streets=[where])
    print(step.result.score)
