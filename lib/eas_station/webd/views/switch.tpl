% # Starts or stops a source, a receiver or a feed. Needs: kind, name, back; operator and desired of the page.
% stopped = desired.get(f"{kind} {name}") == "stopped"
% include('action.tpl', action=f"/api/v1/{kind}s/{name}/{'start' if stopped else 'stop'}", label=f"{'Start' if stopped else 'Stop'} {kind} {name}", back=back)
