"""Finds leaks in a trial by HTTP: whatever flows at night more than it did in the nights before."""

from collections import defaultdict
from statistics import mean, stdev

from zenata_client import Client

NIGHT = range(2, 5)  # hours of UTC in which hardly anybody uses water

with Client() as client:  # ZENATA_URL and ZENATA_KEY say where and who
    street = {sensor.id: sensor.attributes["street"] for sensor in client.sensors(kind="water")}
    for step in client.trial("leak-detection", publish=False):
        if step.number == 1:  # another seed is another city
            nights, found = defaultdict(list), set()
        for reading in step.readings:
            if reading.property == "flow" and reading.time.hour in NIGHT:
                nights[reading.sensor].append(reading.value)
        if step.warm_up:
            continue
        for sensor, values in nights.items():
            usual, last = values[:-12], values[-12:]
            if len(usual) > 24 and mean(last) > mean(usual) + 6 * stdev(usual) and street[sensor] not in found:
                found.add(street[sensor])
                step.answer(streets=[street[sensor]])
    print(step.result.score)
