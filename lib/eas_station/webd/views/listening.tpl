% rebase('base.tpl')
<h1>Listening</h1>
<p class="health {{health.state}}" id="health" data-live>{{health.sentence}}</p>
<section id="player" class="player" aria-label="Live audio" hidden>
<p id="player-status" role="status"></p>
<audio id="player-audio" controls></audio>
<button id="player-stop" type="button">Stop listening</button>
</section>
<section id="sources" data-live>
<h2>Sources</h2>
% for panel in sources:
<div class="panel {{panel.row.look}}">
<h3>{{panel.row.name}}</h3>
% include('switch.tpl', kind='source', name=panel.row.name, back='/listening')
<p class="state"><span class="sign" aria-hidden="true">{{panel.row.sign}}</span> {{panel.row.state}} <span class="status">{{panel.row.sentence}}</span></p>
<table class="levels"><caption class="hidden">Channels of {{panel.row.name}}</caption>
<thead><tr><th scope="col">Channel</th><th scope="col">Level</th><th scope="col" class="num">RMS / peak</th><th scope="col">Now</th><th scope="col">Can hear a warning</th><th scope="col">Margin</th><th scope="col">Deaf today</th><th scope="col">Last burst</th><th scope="col">Audio</th></tr></thead><tbody>
% for channel in panel.channels:
% proof = channel.proof
<tr class="{{'stale' if channel.stale else ''}}" data-level="{{channel.key}}"><th scope="row">{{channel.name}}</th><td class="meter"><meter min="-60" max="0" low="-50" high="-3" optimum="-20" value="{{max(-60, min(0, channel.level.rms_dbfs)) if channel.level else -60}}" aria-label="Level of {{channel.name}}"></meter></td><td class="num" data-label="RMS / peak"><span class="rms">{{'%.0f dB' % channel.level.rms_dbfs if channel.level else '–'}}</span> / <span class="peak">{{'%.0f dB' % channel.level.peak_dbfs if channel.level else '–'}}</span></td><td class="verdict-word" data-label="Now">{{channel.verdict}}</td><td class="proof {{proof.look}}" data-label="Can hear a warning"><span class="state"><span class="sign" aria-hidden="true">{{proof.sign}}</span> {{proof.word}}</span>\\
% if proof.sentence:
 <span class="why">{{proof.sentence}}</span>\\
% end
</td><td data-label="Margin">{{proof.margin}}\\
% if proof.probed:
 <span class="how">at <time datetime="{{proof.probed.iso}}">{{proof.probed.local}}</time></span>\\
% end
</td><td data-label="Deaf today">{{proof.deaf_today}}</td><td data-label="Last burst">\\
% if channel.burst:
<time datetime="{{channel.burst.iso}}">{{channel.burst.local}}</time>\\
% else:
none yet\\
% end
</td><td><a href="/listen/{{channel.key}}" data-listen="/sound/{{channel.key}}" data-title="{{panel.row.name}} {{channel.name}}">Listen<span class="hidden"> to {{panel.row.name}} {{channel.name}}</span></a></td></tr>
% end
</tbody></table>
</div>
% end
% if sources:
<p class="hint after">The margin is how much weaker a warning could be and still be decoded. It is measured every few minutes: a test header is mixed into a copy of each channel's audio and must be decoded. "Deaf today" counts from midnight UTC. Deaf intervals and tests received: <a href="/tests">Tests</a>. Signal and spectrum: <a href="/radio">Radio</a>.</p>
% else:
<p class="hint">No source is configured: this station receives nothing off the air.</p>
% end
</section>
<section id="bursts" data-live>
<h2>Recent bursts</h2>
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
<p class="hint">No burst has been received since eas-webd started.</p>
% end
</section>
