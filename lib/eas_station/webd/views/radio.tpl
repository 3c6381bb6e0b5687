% rebase('base.tpl')
<h1>Radio</h1>
<nav class="choices" aria-label="Time span">
% for choice in spans:
<a href="{{choice.address}}"{{!' aria-current="true"' if choice.chosen else ''}}>{{choice.label}}</a>
% end
</nav>
% for number, radio in enumerate(radios):
% panel = radio.panel
<section class="panel {{panel.row.look}}" aria-labelledby="radio-{{number}}-name">
<h2 id="radio-{{number}}-name">Receiver {{panel.row.name}}</h2>
<div id="radio-{{number}}" data-live>
% include('switch.tpl', kind='receiver', name=panel.row.name, back='/radio')
<p class="state"><span class="sign" aria-hidden="true">{{panel.row.sign}}</span> {{panel.row.state}} <span class="status">{{panel.row.sentence}}</span></p>
% if panel.facts:
<dl class="facts">
% for name, value in panel.facts:
<dt>{{name}}</dt><dd>{{value}}</dd>
% end
</dl>
% end
% if radio.spectrum:
<figure class="spectrum{{' stale' if panel.heard.stale else ''}}">
<svg viewBox="0 0 {{spectrum_size[0]}} {{spectrum_size[1] + 22}}" role="img" aria-label="Spectrum of {{panel.row.name}}. {{radio.spectrum.summary}}" data-spectrum="{{panel.row.name}}" data-top="{{radio.spectrum.top_dbfs}}" data-bottom="{{radio.spectrum.bottom_dbfs}}" data-width="{{spectrum_size[0]}}" data-height="{{spectrum_size[1]}}">
% for row in radio.spectrum.rows:
<path class="grid" d="M0,{{'%.1f' % row.at}}H{{spectrum_size[0]}}"/><text class="row" x="2" y="{{'%.1f' % (row.at - 3)}}">{{row.label}}</text>
% end
% for mark in radio.spectrum.marks:
<path class="mark" d="M{{'%.1f' % mark.at}},0V{{spectrum_size[1]}}"/><text x="{{'%.1f' % mark.at}}" y="{{spectrum_size[1] + 17}}">{{mark.label}}</text>
% end
<path class="line-1" d="{{radio.spectrum.path}}"/>
</svg>
<figcaption>{{radio.spectrum.summary}} In dBFS, over the last second{{' that was reported' if panel.heard.stale else ''}}; dotted lines mark the channels.</figcaption>
</figure>
% elif panel.heard:
<p class="hint">This receiver reports no spectrum.</p>
% end
% if panel.channels:
<table class="snr"><caption class="hidden">Channels of {{panel.row.name}}</caption>
<thead><tr><th scope="col">Channel</th><th scope="col">Signal over noise</th><th scope="col" class="num">SNR</th><th scope="col" class="num">Signal</th><th scope="col" class="num">Noise</th><th scope="col" class="num">Deviation</th><th scope="col" class="num">Offset</th><th scope="col">Carrier</th></tr></thead><tbody>
% for channel in panel.channels:
% state = channel.state
<tr class="{{'stale' if channel.stale else ''}}" data-radio="{{channel.key}}"><th scope="row">{{channel.name}}</th><td class="meter"><meter min="0" max="50" low="8" high="50" optimum="40" value="{{max(0, min(50, state.snr_db))}}" aria-label="Signal over noise of {{channel.name}}"></meter></td><td class="num snr-db" data-label="SNR">{{'%.0f dB' % state.snr_db}}</td><td class="num signal" data-label="Signal">{{'%.0f dBFS' % state.signal_dbfs}}</td><td class="num noise" data-label="Noise">{{'%.0f dBFS' % state.noise_dbfs}}</td><td class="num deviation" data-label="Deviation">{{'%.1f kHz' % (state.deviation_hz / 1000)}}</td><td class="num offset" data-label="Offset">{{'%+.0f Hz' % state.offset_hz}}</td><td class="carrier" data-label="Carrier">{{channel.verdict}}</td></tr>
% end
</tbody></table>
% end
</div>
<nav class="choices" aria-label="Measure in the chart of {{panel.row.name}}">
% for choice in measures:
<a href="{{choice.address}}"{{!' aria-current="true"' if choice.chosen else ''}}>{{choice.label}}</a>
% end
</nav>
<div id="radio-{{number}}-history" data-live>
% include('chart.tpl', chart=radio.chart, size=size, field=field, heading=panel.row.name)
</div>
</section>
% end
% if not radios:
<p class="hint">No receiver is configured.</p>
% end
% for number, source in enumerate(sources):
<section class="panel" aria-labelledby="source-{{number}}-name">
<h2 id="source-{{number}}-name">Source {{source.name}}</h2>
<nav class="choices" aria-label="Measure in the chart of source {{source.name}}">
% for choice in heard:
<a href="{{choice.address}}"{{!' aria-current="true"' if choice.chosen else ''}}>{{choice.label}}</a>
% end
</nav>
<div id="source-{{number}}-history" data-live>
% include('chart.tpl', chart=source.chart, size=size, field=field, heading=source.name)
</div>
</section>
% end
