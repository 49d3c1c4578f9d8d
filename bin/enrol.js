#!/usr/bin/env node
import './require-node.js';
const { main } = await import('./enrol.ts');
await main(process.argv);
