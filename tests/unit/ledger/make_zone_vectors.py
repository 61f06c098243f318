#!/usr/bin/env python3
"""Writes data/zone_vectors.txt: the bytes of some zones and, from Python's own zoneinfo, the offset, the
calendar day and the calendar month at chosen instants. The start of a day is found by trying every minute.

    python3 make_zone_vectors.py > data/zone_vectors.txt
"""
import io
import random
import zoneinfo
from calendar import timegm
from datetime import date, datetime, timedelta, timezone

DIRECTORY = "/usr/share/zoneinfo/"
ZONES = """Europe/Berlin America/New_York Asia/Kolkata Asia/Kathmandu Pacific/Kiritimati Pacific/Pago_Pago
Etc/GMT+12 Australia/Lord_Howe Africa/Cairo America/Havana Asia/Beirut America/Santiago Africa/Casablanca
Pacific/Apia Pacific/Chatham America/Asuncion Europe/Dublin America/Nuuk Asia/Gaza America/St_Johns""".split()


def offset(zone, utc):
    return int(datetime.fromtimestamp(utc, timezone.utc).astimezone(zone).utcoffset().total_seconds())


def start_of(zone, day):
    """First minute at which the wall clock shows `day` or a later one."""
    local = timegm(day.timetuple())
    utc = local - 27 * 3600
    while utc + offset(zone, utc) < local:
        utc += 60
    return utc


def day_at(zone, utc):
    day = date(1970, 1, 1) + timedelta(days=(utc + offset(zone, utc)) // 86400)
    while start_of(zone, day + timedelta(days=1)) <= utc:
        day += timedelta(days=1)
    return day


def around_changes(zone, years):
    found = []
    for year in years:
        utc = timegm((year, 1, 1, 0, 0, 0))
        before = offset(zone, utc)
        for step in range(366 * 24):
            now = offset(zone, utc + step * 3600)
            if now != before:
                at = utc + step * 3600
                found += [at - 90_000, at - 3601, at - 1800, at - 1, at, at + 3599, at + 86_400]
            before = now
    return found


def instants(zone, chance):
    found = around_changes(zone, range(2024, 2031))
    found = chance.sample(found, min(len(found), 40))
    beyond = around_changes(zone, range(2061, 2064))  # beyond the tables: the rule
    found += chance.sample(beyond, min(len(beyond), 12))
    first, last = timegm((2024, 1, 1, 0, 0, 0)), timegm((2031, 1, 1, 0, 0, 0))
    found += [chance.randrange(first, last) for _ in range(12)]
    found += [timegm((2028, 2, 29, 12, 0, 0)), timegm((2027, 2, 28, 23, 59, 59))]
    found += [timegm((2061, month, 15, 6, 0, 0)) for month in (1, 7)]
    if zone.key == "Pacific/Apia":  # 30 December 2011 did not happen
        found += [timegm((2011, 12, 30, hour, 0, 0)) for hour in (8, 9, 10, 11)]
    if zone.key == "America/St_Johns":  # until 2011 the clock stepped from 00:01 back to 23:01
        found += [timegm((2010, 11, 7, 2, 0, 30)) + minutes * 60 for minutes in range(25, 100, 5)]
    return sorted(set(found))


def main():
    chance = random.Random(20260522)
    print("# zone NAME HEX, then: utc offset date day_start day_end month_start month_end (seconds)")
    for name in ZONES:
        raw = open(DIRECTORY + name, "rb").read()
        zone = zoneinfo.ZoneInfo.from_file(io.BytesIO(raw), key=name)
        print("zone", name, raw.hex())
        for utc in instants(zone, chance):
            day = day_at(zone, utc)
            month = day.replace(day=1)
            after = (month + timedelta(days=32)).replace(day=1)
            print(utc, offset(zone, utc), day.isoformat(), start_of(zone, day),
                  start_of(zone, day + timedelta(days=1)), start_of(zone, month), start_of(zone, after))


main()
