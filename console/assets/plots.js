/** Draws what a table says: the numbers are those in its columns, so that nobody needs the drawing. */

const height = 150;
let plots = [];

/** `13:00`, and at midnight the day: `05-07`. UTC, as everything. */
function when(seconds) {
  const text = new Date(seconds * 1000).toISOString();
  return text.slice(11, 16) === '00:00' ? text.slice(5, 10) : text.slice(11, 16);
}

const whole = (value) => new Date(value * 1000).toISOString().slice(0, 16).replace('T', ' ');

/** The numbers of a column by time, with its name. */
function readColumn(table, column) {
  const rows = [...table.tBodies[0].rows];
  return {
    name: table.tHead.rows[0].cells[column].textContent.trim(),
    times: rows.map((row) => Date.parse(row.cells[0].querySelector('time').dateTime) / 1000),
    counts: rows.map((row) => Number(row.cells[column].textContent)),
  };
}

function draw(place) {
  const { name, times, counts } = readColumn(
    document.querySelector(`#${place.dataset.table} table`),
    place.dataset.column,
  );
  // The sheet has the colours, which are others in the dark.
  const colours = getComputedStyle(place);
  const lines = { stroke: () => colours.stroke, width: 1 };
  const axis = { stroke: () => colours.color, font: colours.font, grid: lines, ticks: lines };
  const kind = () => colours.fill;
  return new uPlot(
    {
      width: place.clientWidth,
      height,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      cursor: { y: false, drag: { setScale: false } },
      scales: {
        // Each bar stands over the time that it counts, also the last.
        x: { range: (_plot, first, last) => [first, last + times[1] - times[0]] },
        y: { range: (_plot, _least, most) => [0, Math.max(1, Math.ceil(most * 1.05))] },
      },
      axes: [
        { ...axis, values: (_plot, seconds) => seconds.map(when) },
        {
          ...axis,
          size: 56,
          incrs: [1, 2, 5]
            .flatMap((first) => [0, 1, 2, 3, 4, 5, 6].map((zeros) => first * 10 ** zeros))
            .sort((a, b) => a - b),
        },
      ],
      series: [
        { label: 'UTC', value: (_plot, seconds) => (seconds === null ? '–' : whole(seconds)) },
        {
          label: name,
          stroke: kind,
          fill: kind,
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars({ size: [0.8, 40], align: 1 }),
          value: (_plot, count) => count ?? '–',
        },
      ],
    },
    [times, counts],
    place,
  );
}

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    plots.find(({ root }) => root.parentElement === target)?.setSize({ width: contentRect.width, height });
  }
});

function drawAll() {
  for (const plot of plots) plot.destroy();
  sizes.disconnect();
  const places = [...document.querySelectorAll('[data-plot]')];
  plots = places.map(draw);
  for (const place of places) sizes.observe(place);
}

drawAll();
document.addEventListener('htmx:afterSwap', (event) => event.target.matches('main') && drawAll());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () =>
  plots.forEach((plot) => plot.redraw()),
);
