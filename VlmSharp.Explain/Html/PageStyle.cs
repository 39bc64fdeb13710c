namespace VlmSharp.Explain.Html;

/// <summary>The page's style: light and dark by the reader's setting, one column on narrow screens, readable on paper.</summary>
internal static class PageStyle
{
    /// <summary>CSS, without any character that XML would have to escape.</summary>
    public const string Css = """
        :root {
          color-scheme: light dark;
          --paper: #fdfcf9; --ink: #22242a; --quiet: #686b74; --line: #dcd9d0; --raised: #f4f2ec;
          --picture: #2f6fb0; --text: #2b8a57; --new: #c2571a;
          --picture-soft: #dbe8f5; --text-soft: #dcf0e3; --new-soft: #fbe5d6;
          --serif: Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, "Times New Roman", serif;
          --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
          --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #17181b; --ink: #e4e3df; --quiet: #9a9ca4; --line: #37393f; --raised: #202226;
            --picture: #6fabe6; --text: #63c08e; --new: #ee9a5f;
            --picture-soft: #1f3a56; --text-soft: #1d4430; --new-soft: #56331c;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 var(--serif); }
        main { max-width: 54rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
        header { border-bottom: 1px solid var(--line); padding-bottom: 1.2rem; }
        .eyebrow { margin: 0; font: 600 .8rem/1.4 var(--sans); letter-spacing: .08em; text-transform: uppercase; color: var(--quiet); }
        h1 { margin: .3rem 0 1rem; font-size: 2rem; line-height: 1.2; font-weight: 600; overflow-wrap: anywhere; }
        h1 .arrow { color: var(--quiet); font-weight: 400; }
        h1 .answered { color: var(--new); }
        h2 { margin: 3.2rem 0 .6rem; font-size: 1.45rem; line-height: 1.25; font-weight: 600; }
        h2 .no { color: var(--quiet); font-weight: 400; margin-right: .3rem; }
        p { margin: 0 0 .9rem; }
        code { font: .86em var(--mono); overflow-wrap: anywhere; }
        dl {
          display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .5rem 1.5rem;
          margin: 0 0 1rem; font: .86rem/1.45 var(--sans);
        }
        dt { color: var(--quiet); }
        dd { margin: 0; overflow-wrap: anywhere; }
        nav { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font: .9rem var(--sans); }
        a { color: var(--picture); }
        .equation {
          margin: 1rem 0 .5rem; padding: .55rem .9rem; border-left: 3px solid var(--line);
          background: var(--raised); white-space: pre-wrap; line-height: 1.5;
        }
        .files, .note, figcaption, .key, .legend, .caption, .part { font: .84rem/1.5 var(--sans); color: var(--quiet); }
        .files { margin-bottom: 1.4rem; }
        figure { margin: 0; min-width: 0; }
        figure.wide { overflow-x: auto; }
        figcaption { margin-top: .5rem; }
        img, svg { display: block; max-width: 100%; height: auto; }
        svg.defs { position: absolute; }
        svg.map { width: 100%; aspect-ratio: 1; border-radius: 3px; background: var(--raised); }
        .map image, #seen { image-rendering: pixelated; }
        .map .under { filter: grayscale(1) brightness(1.08) contrast(.8); }
        .grid {
          fill: none; stroke: rgb(255 255 255 / .65); stroke-width: 1;
          vector-effect: non-scaling-stroke; filter: drop-shadow(0 0 .6px rgb(0 0 0 / .8));
        }
        .patches rect { fill: transparent; }
        .patches rect:hover { fill: rgb(255 255 255 / .35); stroke: #000; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
        .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; align-items: start; }
        .pair img { width: 100%; max-height: 30rem; object-fit: contain; object-position: left top; border-radius: 3px; }
        .piece {
          display: inline-block; font: .86rem/1.35 var(--mono); padding: .08rem .4rem; border-radius: 4px;
          background: var(--raised); border: 1px solid var(--line); color: var(--ink); overflow-wrap: anywhere;
        }
        .piece.new { background: var(--new-soft); border-color: var(--new); }
        .part { margin: .6rem 0 .3rem; }
        .tokens { list-style: none; display: flex; flex-wrap: wrap; gap: .35rem; margin: 0; padding: 0; }
        .tokens li {
          padding: .3rem .5rem .25rem; border-radius: 4px; border: 1px solid var(--line);
          text-align: center; font: .72rem/1.35 var(--sans);
        }
        .tokens .piece { display: block; border: 0; padding: 0; background: none; font-size: .92rem; }
        .tokens .id, .tokens .at { display: block; color: var(--quiet); font-variant-numeric: tabular-nums; }
        .tokens .picture { background: var(--picture-soft); border-color: var(--picture); padding-inline: 1.4rem; }
        .tokens .text { background: var(--text-soft); border-color: var(--text); }
        .tokens .new { background: var(--new-soft); border-color: var(--new); }
        .tokens + .part { margin-top: .9rem; }
        .tokens ~ .note, .sequence + .note { margin-top: .8rem; }
        .label { font: 11.5px var(--sans); fill: var(--quiet); }
        .mask .label { font-family: var(--mono); fill: var(--ink); font-size: 11px; }
        .mask .axis { font-family: var(--sans); fill: var(--quiet); }
        .mask { min-width: 26rem; }
        .mask rect { stroke: var(--paper); stroke-width: 1.5; }
        .mask .picture { fill: var(--picture); }
        .mask .text { fill: var(--text); }
        .mask .new { fill: var(--new); }
        .mask .hidden { fill: var(--raised); stroke: var(--paper); }
        .swatch { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin: 0 .15em 0 .7em; vertical-align: -.03em; }
        .swatch:first-child { margin-left: 0; }
        .swatch.picture, .share .picture { background: var(--picture); }
        .swatch.text, .share .text { background: var(--text); }
        .swatch.new, .share .new { background: var(--new); }
        .swatch.hidden { background: var(--raised); border: 1px solid var(--line); }
        .chart { min-width: 34rem; width: 100%; }
        .chart .band { fill: var(--raised); }
        .chart .title { font-weight: 600; }
        .chart .rule { stroke: var(--line); fill: none; }
        .chart .line { fill: none; stroke-width: 1.8; }
        .chart .line.picture { stroke: var(--picture); }
        .chart .line.text { stroke: var(--text); stroke-dasharray: 5 3; }
        .chart .point.picture { fill: var(--picture); }
        .chart .point.text { fill: var(--text); }
        details { margin-top: 1rem; }
        summary { cursor: pointer; font: .88rem var(--sans); color: var(--picture); }
        table { border-collapse: collapse; font: .86rem/1.5 var(--sans); }
        details table { margin: .8rem 0; }
        details th, details td {
          padding: .15rem 1.4rem .15rem 0; text-align: left; border-bottom: 1px solid var(--line); font-weight: 400;
        }
        details th { color: var(--quiet); }
        .number, details .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        .legend { display: flex; gap: .6rem; align-items: center; }
        .legend svg { width: 8rem; height: .7rem; background: #cfcfcf; border-radius: 2px; }
        .step { border-top: 1px solid var(--line); padding: 1.4rem 0 1.2rem; break-inside: avoid; }
        .step h3 { margin: 0 0 .9rem; font-size: 1.1rem; font-weight: 600; }
        .step h3 .piece { font-size: 1rem; }
        .step h3 .quiet { font: .84rem var(--sans); color: var(--quiet); }
        .step h3 .quiet .piece { font-size: .84rem; }
        .step .count { display: inline-block; min-width: 1.4em; color: var(--quiet); font-weight: 400; }
        .panes { display: grid; grid-template-columns: minmax(0, 17rem) minmax(0, 1fr); gap: 1.6rem; }
        .bars { width: 100%; table-layout: fixed; }
        .bars caption, .caption { text-align: left; color: var(--quiet); font: 600 .78rem/1.4 var(--sans); padding: 0 0 .25rem; margin: 0; }
        .bars th { width: 32%; text-align: right; padding: .1rem .6rem .1rem 0; font-weight: 400; }
        .bars .bar div { height: .8rem; min-width: 1px; background: var(--new); border-radius: 0 2px 2px 0; }
        .bars .number { width: 5.2rem; padding-left: .6rem; }
        .caption { margin-top: 1rem; }
        .share { display: flex; height: .8rem; border-radius: 2px; overflow: hidden; background: var(--raised); }
        .key { margin: .3rem 0 .6rem; }
        .words { line-height: 1.9; margin: 0; }
        .words .piece { background: color-mix(in srgb, var(--text) calc(var(--a) * 60%), var(--paper)); font-size: .8rem; }
        .layers { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1rem; margin-top: .9rem; }
        .layers figcaption { font-size: .76rem; line-height: 1.4; }
        footer {
          margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem;
          font: .86rem/1.55 var(--sans); color: var(--quiet);
        }
        @media (max-width: 40rem) {
          body { font-size: 16px; }
          main { padding: 1.5rem 1rem 3rem; }
          h1 { font-size: 1.5rem; }
          .pair, .panes { grid-template-columns: minmax(0, 1fr); }
          .bars th { width: 38%; }
        }
        @media print {
          * { print-color-adjust: exact; }
          main { max-width: none; padding: 0; }
          nav { display: none; }
        }
        """;
}
