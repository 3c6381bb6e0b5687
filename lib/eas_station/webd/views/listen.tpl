% rebase('base.tpl')
<h1>{{title}}, live</h1>
<p class="hint">What the station hears now, a few seconds late. Silence may be the squelch: a channel too weak to be listened to is decoded all the same.</p>
<section class="player" aria-label="Live sound"><audio controls preload="none" src="{{address}}"></audio></section>
<p>If it does not play, nothing comes from this channel now, or eight others listen already. <a href="/listening">All channels</a></p>
