% rebase('base.tpl')
<h1>Listening</h1>
<p class="health {{health.state}}" id="health" data-live>{{health.sentence}}</p>
<section id="sources" data-live>
<h2>Sources</h2>
% for panel in sources:
<div class="panel {{panel.row.look}}">
<h3>{{panel.row.name}}</h3>
% include('switch.tpl', kind='source', name=panel.row.name, back='/listening')
<p class="state"><span class="sign" aria-hidden="true">{{panel.row.sign}}</span> {{panel.row.state}} <span class="says">{{panel.row.sentence}}</span></p>
% if panel.channels:
<table class="levels"><caption class="hidden">Levels of {{panel.row.name}}</caption>
<thead><tr><th scope="col">Channel</th><th scope="col">Level</th><th scope="col" class="num">RMS</th><th scope="col" class="num">Peak</th><th scope="col">Hears</th></tr></thead><tbody>
% for channel in panel.channels:
<tr class="{{'stale' if channel.stale else ''}}" data-level="{{channel.key}}"><th scope="row">{{channel.name}}</th><td class="meter"><meter min="-60" max="0" low="-50" high="-3" optimum="-20" value="{{-60 if channel.stale else max(-60, min(0, channel.level_dbfs))}}" aria-label="Level of {{channel.name}}"></meter></td><td class="num rms" data-label="RMS">{{'–' if channel.stale else '%.0f dB' % channel.level_dbfs}}</td><td class="num peak" data-label="Peak">{{'–' if channel.stale else '%.0f dB' % channel.peak_dbfs}}</td><td class="verdict-word">{{channel.verdict}}</td></tr>
% end
</tbody></table>
% end
</div>
% end
% if not sources:
<p class="hint">No source is configured: this station hears nothing off the air.</p>
% end
</section>
<section id="receivers" data-live>
<h2>Receivers</h2>
% for panel in receivers:
<div class="panel {{panel.row.look}}">
<h3>{{panel.row.name}}</h3>
% include('switch.tpl', kind='receiver', name=panel.row.name, back='/listening')
<p class="state"><span class="sign" aria-hidden="true">{{panel.row.sign}}</span> {{panel.row.state}} <span class="says">{{panel.row.sentence}}</span></p>
% if panel.notes:
<p class="hint">{{' · '.join(panel.notes)}}</p>
% end
% if panel.channels:
<table class="snr"><caption class="hidden">Channels of {{panel.row.name}}</caption>
<thead><tr><th scope="col">Channel</th><th scope="col">Signal over noise</th><th scope="col" class="num">SNR</th><th scope="col" class="num">Signal</th><th scope="col" class="num">Noise</th><th scope="col" class="num">Deviation</th><th scope="col" class="num">Offset</th><th scope="col">Carrier</th></tr></thead><tbody>
% for channel in panel.channels:
<tr class="{{'stale' if channel.stale else ''}}"><th scope="row">{{channel.name}}</th><td class="meter"><meter min="0" max="50" low="8" high="50" optimum="40" value="{{max(0, min(50, channel.snr_db))}}" aria-label="Signal over noise of {{channel.name}}"></meter></td><td class="num" data-label="SNR">{{'%.0f dB' % channel.snr_db}}</td><td class="num" data-label="Signal">{{'%.0f dBFS' % channel.signal_dbfs}}</td><td class="num" data-label="Noise">{{'%.0f dBFS' % channel.noise_dbfs}}</td><td class="num" data-label="Deviation">{{'%.1f kHz' % (channel.deviation_hz / 1000)}}</td><td class="num" data-label="Offset">{{'%+.0f Hz' % channel.offset_hz}}</td><td data-label="Carrier">{{channel.verdict}}</td></tr>
% end
</tbody></table>
% end
</div>
% end
% if not receivers:
<p class="hint">No receiver is configured.</p>
% end
</section>
<section id="bursts" data-live>
<h2>Last bursts</h2>
% if bursts:
<ul class="lines bursts">
% for burst, at in bursts:
<li><span class="when">\\
% include('moment.tpl', moment=at)
</span> <span class="where">{{burst.source}} {{burst.channel}}</span> <code>{{burst.text}}</code>\\
% if burst.snr_db is not None:
 <span class="how">{{'%.0f dB' % burst.snr_db}}</span>\\
% end
</li>
% end
</ul>
% else:
<p class="hint">No burst has been heard since this page started.</p>
% end
</section>
