% # Starts or stops a source, a receiver or a feed. Needs: kind, name, back; the page's operator and desired.
% stopped = desired.get(f"{kind} {name}") == "stopped"
% include('action.tpl', action=f"/api/v1/{kind}s/{name}/{'start' if stopped else 'stop'}", label=f"{'Start' if stopped else 'Stop'} {kind} {name}", back=back)
