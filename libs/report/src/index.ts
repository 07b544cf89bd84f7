// What reports are made of: bootstrap intervals, plots as SVG, the page they stand on.
export { bootstrapInterval, mean, quantile, winRate, type Interval } from './bootstrap.ts';
export { distributionPlot, type DistributionRow } from './distribution-plot.ts';
export { escapeHtml, histogram, intervalPlot, niceTicks, type IntervalRow } from './plot-svg.ts';
export { reportPage } from './report-page.ts';
