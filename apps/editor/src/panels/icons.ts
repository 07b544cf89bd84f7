// Line icons, 20 by 20, in the colour of the text around them.
import { svg, type SVGTemplateResult } from 'lit-html';

const paths = {
  play: 'M6.5 4.5v11l9-5.5z',
  stop: 'M6 6h8v8H6z',
  pause: 'M7 5v10M13 5v10',
  keep: 'M5 5.500h10v10H5zM7.500 10.500l2 2 3.500-4',
  undo: 'M8 5 4 9l4 4M4 9h7.500a4 4 0 0 1 0 8H9',
  redo: 'm12 5 4 4-4 4M16 9H8.500a4 4 0 0 0 0 8H11',
  fit: 'M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4',
  arrange: 'M3.5 4.500h5v4h-5zM3.5 11.500h5v4h-5zM12 8h4.500v4H12zM8.5 6.500h1.800v7H8.500M10.3 10H12',
  save: 'M4 4h9l3 3v9H4zM7 4v4h5V4M7 16v-5h6v5',
  open: 'M3 6h5l1.5 2H17v8H3z',
  template: 'M4 4h5v12H4zM12 4h4v5h-4zM12 12h4v4h-4z',
  download: 'M10 4v8m-3.5-3.500L10 12l3.5-3.500M4 15.500h12',
  plus: 'M10 4.500v11M4.5 10h11',
  search: 'M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4zM13 13l3.5 3.5',
  close: 'm5.5 5.5 9 9M14.5 5.500l-9 9',
  chevron: 'm6 8 4 4 4-4',
  up: 'm6 12 4-4 4 4',
  left: 'm12 5-5 5 5 5',
  right: 'm8 5 5 5-5 5',
  judge: 'M4 4.500h5v8H4zM11 4.500h5v8h-5zM5 16l1.200 1.200L8.500 15M13.500 16h.01',
  logout: 'M8 4H5a1 1 0 0 0-1 1v10a1 1 0 0 0 1 1h3M8.500 10H16M13 6.800l3.200 3.200-3.200 3.200',
  check: 'm4.5 10.5 3.5 3.5 7.5-8',
  dice: 'M5 4h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM7.5 7.500h.01M12.5 12.500h.01M10 10h.01',
  list: 'M4.5 6h.01M4.5 10h.01M4.5 14h.01M8 6h8M8 10h8M8 14h5',
  help: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM8 8.200c0-2.8 4-2.6 4 0 0 1.5-2 1.6-2 3.300M10 14h.01',
  trash: 'M4.5 6h11M8 6V4h4v2M6 6l.7 10h6.600L14 6M8.5 8.500v5M11.5 8.500v5',
  external: 'M11 4h5v5M16 4l-7 7M8 5H4v11h11v-4',
  panel: 'M3.5 4.500h13v11h-13zM3.5 11h13',
  sidebar: 'M3.5 4.500h13v11h-13zM8 4.500v11',
  info: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 9.500v4M10 6.700h.01',
  warn: 'M10 3.5 17.5 16h-15zM10 8.500v3.500M10 14h.01',
  brush: 'M16.5 3.5 9 11M9 11c-2.500 0-3 2-3.500 5 3 .5 5.500-.5 5.500-3M7.500 9.800l2.700 2.700',
  eraser: 'm4 12 7.500-7.500 4.500 4.500-7 7H7zM7.800 8.200l4.500 4.500M9 16h7',
  invert: 'M10 3.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM10 3.500v13M10 7l5.500-1M10 10.500h6.500M10 14l5-.5',
  picture: 'M3.500 4.500h13v11h-13zM3.500 13.500l4-4 4 4 2-2 3 3M13 7.500h.01',
  batch: 'M3.500 4.500h9v3h-9zM3.500 9.500h9M3.500 12.500h9M3.500 15.500h6M14 9.500v6l4-3z',
  file: 'M5 3h6.500L15 6.500V17H5zM11 3v4h4',
} as const;
export type IconName = keyof typeof paths;

export const icon = (name: IconName): SVGTemplateResult =>
  svg`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d=${paths[name]} /></svg>`;
