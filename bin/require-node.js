/* Plain JavaScript on purpose: it must load on any Node. Imported first by every entry. */
const required = 24;
if (Number(process.versions.node.split('.')[0]) < required) {
  console.error(
    `This program needs Node ${required} or later; this is ${process.version} (${process.execPath}). ` +
      'In a checkout, run it through npm or npx: "npm ci" has installed the right Node under node_modules/.bin.',
  );
  process.exit(1);
}
