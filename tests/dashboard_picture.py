#!/usr/bin/python3
"""Called by tests/dashboard-picture: Prometheus beside the parts, traffic of all kinds, then each panel's expressions, drawn as Grafana would and shot by chromium."""
import html
import json
import math
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEP = 2
COLORS = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#ffa6b0", "#56a64b", "#e0b400", "#a352cc", "#37872d"]
folder, sip, api, metrics, redis_pid, picture = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5], Path(sys.argv[6])


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start_prometheus():
    """A copy of the configuration that operators get, with the ports of here and a shorter interval."""
    home = folder / "prometheus"
    shutil.copytree(ROOT / "deploy/prometheus", home)
    config = home / "prometheus.yml"
    config.write_text(config.read_text().replace("localhost:9464", f"localhost:{metrics}").replace("localhost:9465", f"localhost:{metrics + 1}").replace(": 15s", f": {STEP}s"))
    port = free_port()
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={home}/data", f"--web.listen-address=127.0.0.1:{port}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), port


def bad_peers(until):
    """Garbage, handshakes that fail, requests that are refused, and guesses: what the panels of refusals are for."""
    context = ssl.create_default_context(cafile=folder / "run/tls/ca.pem")
    said = [b"\x00\x01garbage\n", b"OPTIONS sip:example.test SIP/7.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nContent-Length: 0\r\n\r\n",
            b"MESSAGE sip:a@example.test SIP/2.0\r\nContent-Length: 4294967296\r\n\r\n", b"REGISTER"]
    number = 0
    while time.time() < until:
        number += 1
        try:
            if number % 20 == 0:
                urllib.request.urlopen(f"https://localhost:{api}/v1/limits", context=context, timeout=2)   # without credentials: refused by the core
            with socket.create_connection(("127.0.0.1", sip), timeout=2) as tcp:
                if number % 5 == 0:
                    tcp.sendall(b"no TLS at all")
                    tcp.recv(100)
                else:
                    with context.wrap_socket(tcp, server_hostname="localhost") as tls:
                        tls.sendall(said[number % len(said)])
                        tls.recv(1000)
        except OSError:
            pass
        time.sleep(0.05)


def traffic():
    until = time.time() + 80
    threading.Thread(target=bad_peers, args=(until,), daemon=True).start()
    load = [str(ROOT / "artifacts/floor/sipload"), "--port", str(sip), "--pids", redis_pid]
    for phases in (["register=400,16", "msg=15,8", "refresh=5,8"], ["register=200,16", "store=1000,8,100", "drain=100,8", "msg=10,32"]):
        subprocess.run(load + phases, check=True, stdout=subprocess.DEVNULL)
    while time.time() < until:
        time.sleep(0.5)


def ask(port, path, **query):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}?{urllib.parse.urlencode(query)}") as answer:
        return json.load(answer)["data"]


def named(legend, labels):
    return re.sub(r"{{(\w+)}}", lambda name: labels.get(name[1], ""), legend).strip()


def short(value, unit):
    if unit == "bytes":
        return f"{value / 1e6:.0f} MB"
    if unit == "s":
        return f"{value / 86400:.0f} d" if value > 1e5 else f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"
    return (f"{value / 1000:.3g}k" if value >= 1000 else f"{value:.3g}") + ("/s" if unit == "cps" else "")


def draw(panel, port, begin, end):
    unit = panel["fieldConfig"]["defaults"]["unit"]
    stacked = panel["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] == "normal"
    lines = []
    for target in panel["targets"]:
        expression = target["expr"].replace("$__rate_interval", "10s")
        for series in ask(port, "/api/v1/query_range", query=expression, start=begin, end=end, step=STEP)["result"]:
            points = [(float(at), float(value)) for at, value in series["values"] if math.isfinite(float(value))]
            if points:
                lines.append((named(target["legendFormat"], series["metric"]), points))
    lines.sort(key=lambda line: -max(value for _, value in line[1]))
    base, drawn = {}, []
    for name, points in lines:
        if stacked:
            points = [(at, value + base.get(at, 0)) for at, value in points]
            base.update(points)
        drawn.append((name, points))
    top = max((value for _, points in drawn for _, value in points), default=0) or 1
    shapes, legend = [], []
    for number, (_, points) in reversed(list(enumerate(drawn))):
        if stacked and not any(value for _, value in lines[number][1]):
            continue   # it would lie on the line below it
        color = COLORS[number % len(COLORS)]
        path = " ".join(f"{50 + (at - begin) / (end - begin) * 540:.1f},{150 - value / top * 130:.1f}" for at, value in points)
        if stacked:
            shapes.append(f'<polygon points="{50 + (points[0][0] - begin) / (end - begin) * 540:.1f},150 {path} {50 + (points[-1][0] - begin) / (end - begin) * 540:.1f},150" fill="{color}" fill-opacity="0.35"/>')
        shapes.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5"/>')
    for number, (name, points) in enumerate(lines[:9]):
        legend.append(f'<span><i style="background:{COLORS[number % len(COLORS)]}"></i>{html.escape(name)} {short(points[-1][1], unit)}</span>')
    grid = "".join(f'<line x1="50" x2="590" y1="{150 - part * 65}" y2="{150 - part * 65}" stroke="#333"/><text x="46" y="{154 - part * 65}" text-anchor="end">{short(top * part / 2, unit)}</text>' for part in range(3))
    empty = "" if lines else '<text x="320" y="85" text-anchor="middle">no data</text>'
    return bool(lines), f'<div><h3>{html.escape(panel["title"])}</h3><svg viewBox="0 0 600 158">{grid}{"".join(shapes)}{empty}</svg><p>{"".join(legend)}</p></div>'


def main():
    prometheus, port = start_prometheus()
    try:
        begin = time.time()
        traffic()
        end = time.time()
        dashboard = json.loads((ROOT / "deploy/grafana/edge.json").read_text())
        panels = [draw(panel, port, begin, end) for panel in dashboard["panels"]]
        up = ask(port, "/api/v1/query", query="count(up == 1)")["result"]
        page = folder / "dashboard.html"
        page.write_text(f"""<!doctype html><meta charset="utf-8"><title>{dashboard["title"]}</title><style>
body {{ background: #111217; color: #ccc; font: 12px sans-serif; margin: 8px }} main {{ display: grid; grid-template-columns: repeat(3, 1fr); gap: 8px }}
div {{ background: #181b1f; padding: 6px 8px }} h3 {{ margin: 0 0 4px; font-size: 13px }} p {{ margin: 2px 0; line-height: 1.5 }} span {{ margin-right: 10px; white-space: nowrap }}
i {{ display: inline-block; width: 9px; height: 9px; margin-right: 4px }} text {{ fill: #999; font-size: 11px }}</style><main>{"".join(text for _, text in panels)}</main>""")
        picture.parent.mkdir(exist_ok=True)
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1900,1960", f"--user-data-dir={folder}/chromium",
                        f"--screenshot={picture.resolve()}", page.as_uri()], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        down = ask(port, "/api/v1/query", query="count(up == 0)")["result"]
        empty = [panel["title"] for panel, (drawn, _) in zip(dashboard["panels"], panels) if not drawn]
        print(f"{picture}: {len(panels) - len(empty)} of {len(panels)} panels have data; {up[0]['value'][1] if up else 0} targets up")
        if empty:
            print(f"without data: {', '.join(empty)}")
        if down or not up:
            print("targets are down")
        return 1 if empty or down or not up else 0
    finally:
        prometheus.terminate()
        prometheus.wait()


sys.exit(main())
