// A chart of one metric: the raw points thin, their running mean bold.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { number } from '../state/format.ts';
import type { Curve } from '../state/run-state.ts';

/** Exponential mean over about this share of the points, as on training dashboards; none below twenty points. */
const SMOOTH_SHARE = 0.05;

export function smoothed(values: readonly number[]): (number | null)[] {
  if (values.length < 20) return values.map(() => null);
  const weight = 2 / (values.length * SMOOTH_SHARE + 1);
  let mean = values[0] ?? 0;
  return values.map((value) => (mean += Math.min(1, weight) * (value - mean)));
}

const axis: uPlot.Axis = {
  stroke: '#a6abbb',
  font: '11px "Inter Variable", system-ui, sans-serif',
  grid: { stroke: '#2a2d38', width: 1 },
  ticks: { stroke: '#2a2d38', width: 1, size: 4 },
};

export class LossChart extends HTMLElement {
  #plot: uPlot | null = null;
  #curve: Curve | null = null;
  #watch: ResizeObserver | null = null;

  set curve(curve: Curve) {
    if (curve === this.#curve) return;
    this.#curve = curve;
    this.#draw();
  }
  connectedCallback(): void {
    this.#watch = new ResizeObserver(() => this.#fit());
    this.#watch.observe(this);
    this.#draw();
  }
  disconnectedCallback(): void {
    this.#watch?.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }
  #fit(): void {
    if (!this.#plot) this.#draw();
    else if (this.clientWidth) this.#plot.setSize({ width: this.clientWidth, height: this.clientHeight });
  }
  #draw(): void {
    const curve = this.#curve;
    if (!curve || !this.isConnected || !this.clientWidth) return;
    const data = [curve.steps, curve.values, smoothed(curve.values)] as unknown as uPlot.AlignedData;
    if (this.#plot) {
      this.#plot.setData(data);
      return;
    }
    const reads = (_: uPlot, value: number | null): string => (value === null ? '–' : number(value));
    this.#plot = new uPlot(
      {
        width: this.clientWidth,
        height: this.clientHeight,
        padding: [8, 10, 0, 0],
        legend: { show: true, live: true },
        cursor: { points: { size: 6 } },
        scales: { x: { time: false } },
        axes: [
          { ...axis, size: 26 },
          { ...axis, size: 56, values: (_, ticks) => ticks.map(number) },
        ],
        series: [
          { label: 'step' },
          {
            label: curve.name,
            stroke: 'rgba(255, 177, 122, 0.45)',
            width: 1,
            points: { show: curve.steps.length < 40, size: 4, fill: '#ffb17a' },
            value: reads,
          },
          { label: 'mean', stroke: '#ffb17a', width: 2, points: { show: false }, value: reads },
        ],
      },
      data,
      this,
    );
  }
}
customElements.define('fw-loss-chart', LossChart);
