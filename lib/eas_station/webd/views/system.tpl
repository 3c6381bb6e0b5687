% rebase('base.tpl')
<h1>System</h1>
<section id="health" data-live>
<p class="health {{health.state}}">{{health.sentence}}</p>
% if health.remarks:
<ul class="remarks">
% for remark in health.remarks:
<li class="{{'bad' if remark.fault else 'off'}}"><span class="sign" aria-hidden="true">{{'▲' if remark.fault else '■'}}</span> {{remark.text}}</li>
% end
</ul>
% end
</section>
<section id="daemons" data-live>
<h2>Daemons</h2>
<table class="daemons"><caption class="hidden">Daemons</caption>
<thead><tr><th scope="col">Daemon</th><th scope="col">State</th><th scope="col">Status</th><th scope="col">Since</th><th scope="col" class="num">Restarts</th><th scope="col" class="num">Last seen</th><th scope="col" class="num">CPU</th><th scope="col" class="num">Memory</th></tr></thead>
<tbody>
% for line in daemons:
% row = line.row
<tr class="{{row.look}}"><th scope="row">{{row.name}}</th><td class="state"><span class="sign" aria-hidden="true">{{row.sign}}</span> {{row.state}}</td><td class="status">{{row.sentence}}</td><td class="since" data-label="Since">\\
% if row.since:
% include('moment.tpl', moment=row.since)
% end
</td><td class="num" data-label="Restarts">{{line.restarts}}</td><td class="num" data-label="Last seen">{{line.last_seen}}</td><td class="num" data-label="CPU">{{row.cpu or '–'}}</td><td class="num" data-label="Memory">{{line.memory or '–'}}</td></tr>
% end
</tbody></table>
<p class="hint">Restarts are counted since eas-webd started. Each daemon reports every 5 s; systemd restarts a daemon that has hung for 30 s.</p>
</section>
<section id="feeds" data-live>
<h2>Feeds</h2>
% if feeds:
<table class="parts"><caption class="hidden">Feeds</caption>
<thead><tr><th scope="col">Feed</th><th scope="col">State</th><th scope="col">Status</th><th scope="col">Last success</th><th scope="col">Next poll</th></tr></thead><tbody>
% for line in feeds:
% row = line.row
<tr class="{{row.look}}"><th scope="row">{{row.name}}</th><td class="state"><span class="sign" aria-hidden="true">{{row.sign}}</span> {{row.state}}</td><td class="status">{{row.sentence}}\\
% if line.counts:
<br><span class="counts">{{line.counts}}</span>\\
% end
</td><td class="since" data-label="Last success">{{line.age}}\\
% if line.last_good:
<br>\\
% include('moment.tpl', moment=line.last_good)
% end
</td><td data-label="Next poll">{{line.next_poll}}</td></tr>
% end
</tbody></table>
% for line in feeds:
% include('switch.tpl', kind='feed', name=line.row.name, back='/system')
% end
% else:
<p class="hint">No feed is configured.</p>
% end
</section>
<section id="parts" data-live>
<h2>Sources and receivers</h2>
% include('parts.tpl', rows=parts, label='As reported by their daemons')
</section>
<section id="storage" data-live>
<h2>Database, spools, clock</h2>
<dl class="facts">
<dt>Database</dt><dd><span class="sign {{'good' if record.online else 'bad'}}" aria-hidden="true">{{'●' if record.online else '▲'}}</span> {{'Online' if record.online else 'Offline'}} since \\
% include('moment.tpl', moment=record_since)
% if record.why and not record.online:
<br>{{record.why}}
% end
</dd>
% include('fact.tpl', fact=clock)
% for unit, row in other_items:
<dt>{{unit}}: {{row.name}}</dt><dd><span class="sign {{row.look}}" aria-hidden="true">{{row.sign}}</span> {{row.state}}: {{row.sentence}}</dd>
% end
% for fact in spools:
% include('fact.tpl', fact=fact)
% end
</dl>
</section>
<section id="machine" data-live>
<h2>Machine</h2>
<dl class="facts">
% for fact in machine:
% include('fact.tpl', fact=fact)
% end
</dl>
</section>
<section id="jobs" data-live>
<h2>Jobs</h2>
% if not jobs:
<p class="hint">{{'No job has run yet.' if record_read else 'Past runs are unknown: the database is not responding.'}}</p>
% else:
% if not record.online:
<p class="hint">As of the last contact with the database.</p>
% end
<table class="parts jobs"><caption class="hidden">Jobs</caption>
<thead><tr><th scope="col">Job</th><th scope="col">Last run</th><th scope="col">Outcome</th><th scope="col">Last success</th><th scope="col">Total</th></tr></thead><tbody>
% for job in jobs:
<tr class="{{job.look}}"><th scope="row">{{job.name}}</th><td data-label="Last run">\\
% include('moment.tpl', moment=job.last_run)
</td><td class="state"><span class="sign" aria-hidden="true">{{job.sign}}</span> {{job.word}}{{': ' + job.error if job.error else ''}}</td><td data-label="Last success">\\
% if job.last_good:
% include('moment.tpl', moment=job.last_good)
% else:
never\\
% end
</td><td>{{job.counts}}</td></tr>
% end
</tbody></table>
% end
</section>
<section id="runs" data-live>
% if jobs:
<h2>Recent runs</h2>
% for job in jobs:
<details id="runs-{{job.key}}"><summary>{{job.name}}: {{'last run' if len(job.runs) == 1 else f'last {len(job.runs)} runs'}}</summary>
<ul class="runs">
% for run in job.runs:
<li class="{{run.look}}"><span class="sign" aria-hidden="true">{{run.sign}}</span> \\
% include('moment.tpl', moment=run.at)
 {{run.word}}{{f' ({run.took})' if run.took else ''}}</li>
% end
</ul></details>
% end
% end
</section>
<section id="facts" data-live>
<h2>Web server</h2>
<dl class="facts">
% for fact in facts:
% include('fact.tpl', fact=fact)
% end
</dl>
</section>
