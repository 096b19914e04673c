import type { ReactNode } from 'react';

/** Drawings of what the shop sells, 240 × 180, in the colours of style.css. */
const drawings: Readonly<Record<string, ReactNode>> = {
  mug: (
    <>
      <path
        className="line thin"
        d="M98 50c-8-10 8-16 0-28M120 48c-8-10 8-18 0-30M142 50c-8-10 8-16 0-28"
        opacity=".55"
      />
      <path className="line" d="M160 82h14a18 18 0 0 1 0 44h-18" />
      <path className="a" d="M80 64h80l-6 76a12 12 0 0 1-12 11H98a12 12 0 0 1-12-11Z" />
      <path className="shade" d="M138 64h22l-6 76a12 12 0 0 1-12 11h-14c6-22 9-55 10-87Z" />
      <rect className="ink" x="76" y="60" width="88" height="8" rx="4" />
      <circle className="light" cx="104" cy="92" r="3" opacity=".8" />
      <circle className="light" cx="116" cy="118" r="2.2" opacity=".8" />
      <circle className="light" cx="98" cy="128" r="1.8" opacity=".8" />
    </>
  ),
  notebook: (
    <g transform="rotate(-7 120 92)">
      <rect className="shade" x="78" y="36" width="98" height="122" rx="6" />
      <rect className="paper" x="74" y="30" width="96" height="122" rx="4" />
      <rect className="b" x="68" y="28" width="96" height="122" rx="6" />
      <rect className="ink" x="68" y="28" width="12" height="122" rx="6" opacity=".35" />
      <g className="light" opacity=".5">
        {[52, 68, 84, 100, 116, 132].flatMap((y) =>
          [96, 112, 128].map((x) => <circle key={`${x} ${y}`} cx={x} cy={y} r="1.6" />),
        )}
      </g>
      <rect className="c" x="146" y="28" width="6" height="122" />
    </g>
  ),
  lamp: (
    <>
      <path className="glow" d="M126 78 196 150H76Z" />
      <ellipse className="ink" cx="84" cy="152" rx="30" ry="6" />
      <path className="line" d="M84 150 70 96l52-42" />
      <circle className="ink" cx="70" cy="96" r="5" />
      <path className="c" d="m112 44 34 10a36 36 0 0 1-2 34l-38-30a14 14 0 0 1 6-14Z" />
      <path className="shade" d="m134 50 12 4a36 36 0 0 1-2 34l-12-9c4-9 5-19 2-29Z" />
      <circle className="light" cx="128" cy="76" r="9" />
    </>
  ),
  headphones: (
    <>
      <path className="line fat" d="M72 112V96a48 48 0 0 1 96 0v16" />
      <rect className="b" x="58" y="98" width="28" height="50" rx="13" />
      <rect className="b" x="154" y="98" width="28" height="50" rx="13" />
      <rect className="ink" x="78" y="102" width="11" height="42" rx="5.5" />
      <rect className="ink" x="151" y="102" width="11" height="42" rx="5.5" />
      <path className="line thin" d="M66 146c2 14 16 12 30 12h26" opacity=".55" />
      <path className="light" d="M64 112a8 8 0 0 1 5-6v20a8 8 0 0 1-5-6Z" opacity=".4" />
    </>
  ),
  desk: (
    <>
      <path className="ink" d="M56 84h8l-6 72h-6ZM184 84h-8l6 72h6Z" />
      <rect className="c" x="36" y="70" width="168" height="14" rx="3" />
      <path className="line thin" d="M48 77h50M112 75h36M160 78h30" opacity=".35" />
      <rect className="shade" x="122" y="84" width="58" height="24" rx="2" />
      <rect className="c" x="122" y="84" width="54" height="22" rx="2" />
      <circle className="ink" cx="149" cy="95" r="2.6" />
      <path className="a" d="M66 70V50h16v20a8 8 0 0 1-16 0Z" />
      <path className="line thin" d="M74 50c0-12-8-16-10-22M74 48c1-10 6-13 9-20M74 50c-2-9-9-11-14-12" />
    </>
  ),
  'gold-keyboard': (
    <g transform="rotate(-5 120 96)">
      <rect className="shade" x="34" y="64" width="176" height="72" rx="9" />
      <rect className="gold" x="30" y="58" width="176" height="72" rx="9" />
      <g className="goldkey">
        {[66, 82, 98].flatMap((y) =>
          [38, 54, 70, 86, 102, 118, 134, 150, 166, 182].map((x) => (
            <rect key={`${x} ${y}`} x={x} y={y} width="13" height="12" rx="2.5" />
          )),
        )}
        <rect x="38" y="114" width="22" height="10" rx="2.5" />
        <rect x="64" y="114" width="92" height="10" rx="2.5" />
        <rect x="160" y="114" width="37" height="10" rx="2.5" />
      </g>
      <path
        className="light"
        d="m188 40 2.6 7.4 7.4 2.6-7.4 2.6-2.6 7.4-2.6-7.4-7.4-2.6 7.4-2.6ZM54 34l1.8 5.2 5.2 1.8-5.2 1.8-1.8 5.2-1.8-5.2-5.2-1.8 5.2-1.8Z"
      />
    </g>
  ),
};

export function Picture({ id, fallback }: { id: string; fallback: string }) {
  const drawing = drawings[id];
  return (
    <span className="picture" data-picture={id} aria-hidden="true">
      {drawing ? (
        <svg viewBox="0 0 240 180" aria-hidden="true">
          {drawing}
        </svg>
      ) : (
        <span className="emoji">{fallback}</span>
      )}
    </span>
  );
}
