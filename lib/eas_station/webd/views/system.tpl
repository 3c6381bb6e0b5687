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
% include('daemons.tpl', daemons=daemons, full=True)
</section>
<section id="feeds" data-live>
<h2>Feeds</h2>
% if feeds:
<table class="parts"><caption class="hidden">Feeds</caption>
<thead><tr><th scope="col">Feed</th><th scope="col">State</th><th scope="col">It says</th><th scope="col">Last good</th></tr></thead><tbody>
% for row in feeds:
<tr class="{{row.look}}"><th scope="row">{{row.name}}</th><td class="state"><span class="sign" aria-hidden="true">{{row.sign}}</span> {{row.state}}</td><td class="says">{{row.sentence}}</td><td class="since" data-label="Last good">\\
% if row.last_good:
% include('moment.tpl', moment=row.last_good)
% else:
never\\
% end
</td></tr>
% end
</tbody></table>
% for row in feeds:
% include('switch.tpl', kind='feed', name=row.name, back='/system')
% end
% else:
<p class="hint">No feed is configured.</p>
% end
</section>
<section id="parts" data-live>
<h2>Sources and receivers</h2>
% include('parts.tpl', rows=[panel.row for panel in sources] + [panel.row for panel in receivers], label='Each by the word of its daemon')
</section>
<section id="storage" data-live>
<h2>Database, spools, clock</h2>
<dl class="facts">
<dt>Database</dt><dd>{{'Online' if record.online else 'Offline'}} since \\
% include('moment.tpl', moment=record_since)
% if record.why and not record.online:
<br>{{record.why}}
% end
</dd>
<dt>Clock</dt><dd>{{'Trusted' if picture.clock_trusted else 'Not trusted: nothing is taken to be over'}}</dd>
% for unit, row in other_items:
<dt>{{unit}}: {{row.name}}</dt><dd><span class="sign" aria-hidden="true">{{row.sign}}</span> {{row.state}}: {{row.sentence}}</dd>
% end
% for row in daemons:
% if row.spool:
<dt>Spool of {{row.name}}</dt><dd>{{row.spool}} waiting</dd>
% end
% end
</dl>
</section>
<section id="jobs" data-live>
<h2>Jobs</h2>
% if not jobs:
<p class="hint">{{'No job has run yet.' if picture.record_read else 'Nothing is known of past runs: no word from the database.'}}</p>
% else:
% if not record.online:
<p class="hint">As the database had it before it went offline.</p>
% end
<table class="parts jobs"><caption class="hidden">Jobs</caption>
<thead><tr><th scope="col">Job</th><th scope="col">Last run</th><th scope="col">Outcome</th><th scope="col">Last good</th><th scope="col">In all</th></tr></thead><tbody>
% for job in jobs:
<tr class="{{job.look}}"><th scope="row">{{job.name}}</th><td data-label="Last run">\\
% include('moment.tpl', moment=job.last_run)
</td><td class="state"><span class="sign" aria-hidden="true">{{job.sign}}</span> {{job.word}}{{': ' + job.error if job.error else ''}}</td><td data-label="Last good">\\
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
<section id="facts" data-live>
<h2>This page</h2>
<dl class="facts">
% for name, value in facts:
<dt>{{name}}</dt><dd>{{value}}</dd>
% end
</dl>
</section>
