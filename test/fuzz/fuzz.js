import '../../bin/require-node.js';
await import('./fuzz.ts');
