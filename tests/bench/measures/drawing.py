"""Two drawings: the cost of one alteration as there are more of them, and where the time of a deploy goes."""

import math
import statistics

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 360, 70, 50
COLOURS = ["#1f6feb", "#8250df", "#bf8700", "#57606a"]


def draw(lines, out):
    """Writes the drawings that there are figures for; their titles and names."""
    drawn = []
    growth = [line for line in lines if line.name.startswith("growth-")]
    if len(growth) > 1:
        (out / "speed-growth.svg").write_text(of_growth(growth))
        drawn.append(("What one alteration costs on SQLite, of 10 to 10,000", "speed-growth.svg"))
    whole = next((line for line in lines if line.name == "sqlite"), None)
    nothing = next((line for line in lines if line.name == "nothing-sqlite"), None)
    if whole and nothing:
        (out / "speed-parts.svg").write_text(of_parts(whole, nothing))
        drawn.append(("Where the time of a deploy on SQLite goes", "speed-parts.svg"))
    return drawn


def median(subject):
    return statistics.median(run.wall for run in subject.runs)


def picture(parts):
    style = "font-family='sans-serif' font-size='12' fill='#57606a'"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' {style}>"
    return "\n".join([head, f"<rect width='{WIDTH}' height='{HEIGHT}' fill='white'/>", *parts, "</svg>\n"])


def of_growth(lines):
    counts = [int(line.name[7:]) for line in lines]
    names = [subject.name for subject in lines[0].subjects]
    costs = {name: [] for name in names}
    for line, count in zip(lines, counts):
        for subject in line.subjects:
            costs[subject.name].append(median(subject) / count * 1000)
    low = math.floor(math.log10(min(min(cost) for cost in costs.values())))
    high = math.ceil(math.log10(max(max(cost) for cost in costs.values())))
    right, top = WIDTH - 20, 20

    def x(count):
        span = math.log10(counts[-1] / counts[0]) or 1
        return LEFT + (right - LEFT) * math.log10(count / counts[0]) / span

    def y(cost):
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - top) * (math.log10(cost) - low) / (high - low)

    parts = []
    for power in range(low, high + 1):
        at = y(10**power)
        parts.append(f"<line x1='{LEFT}' y1='{at:.1f}' x2='{right}' y2='{at:.1f}' stroke='#d0d7de'/>")
        parts.append(f"<text x='{LEFT - 8}' y='{at + 4:.1f}' text-anchor='end'>{10.0**power:g} ms</text>")
    for count in counts:
        parts.append(f"<text x='{x(count):.1f}' y='{HEIGHT - BOTTOM + 20}' text-anchor='middle'>{count:,}</text>")
    for at, name in enumerate(names):
        points = " ".join(f"{x(count):.1f},{y(cost):.1f}" for count, cost in zip(counts, costs[name]))
        colour = COLOURS[at % len(COLOURS)]
        parts.append(f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='2'/>")
        parts.append(f"<text x='{LEFT + 10}' y='{top + 16 * at + 10}' fill='{colour}'>{name}</text>")
    return picture(parts)


def of_parts(whole, nothing):
    """Of one bar: starting and reading, the alterations' own SQL, the records, and all else."""
    by_name = {subject.name: median(subject) for subject in whole.subjects}
    total = by_name["runner, files"]
    reading = median(nothing.subjects[0])
    plain, recorded = by_name["sqlite3, in groups"], by_name["sqlite3, in groups, with rows as the runner's"]
    shares = [
        ("start, read, plan", reading),
        ("the alterations' own SQL", plain),
        ("the runner's rows", max(recorded - plain, 0)),
        ("all else", max(total - reading - recorded, 0)),
    ]
    scale = (WIDTH - 40) / sum(share for _, share in shares)
    parts, at = [], 20.0
    for place, (name, share) in enumerate(shares):
        width, colour = share * scale, COLOURS[place]
        parts.append(f"<rect x='{at:.1f}' y='60' width='{width:.1f}' height='60' fill='{colour}'/>")
        text = f"{name}: {share * 1000:.0f} ms"
        parts.append(f"<rect x='20' y='{160 + place * 24}' width='12' height='12' fill='{colour}'/>")
        parts.append(f"<text x='40' y='{171 + place * 24}'>{text}</text>")
        at += width
    parts.append(f"<text x='20' y='40'>{whole.title}: {total * 1000:.0f} ms</text>")
    return picture(parts)
