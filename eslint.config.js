import js from '@eslint/js';
import { createNodeResolver, flatConfigs, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Folder -> what it may import of ours. The arrows point one way: towards `shared`, and within it towards `runtime`. */
const mayImport = {
  'shared/runtime': [],
  'shared/generic': [],
  'shared/formats': ['shared/generic', 'shared/runtime'],
  'shared/pgp': ['shared/runtime'],
  'shared/store': ['shared/generic', 'shared/runtime'],
  'shared/spool': ['shared/runtime', 'shared/store'],
  'shared/https': ['shared/runtime'],
  'shared/schedule': ['shared/runtime'],
  'shared/doctor': ['shared'],
  'shared/probes': ['shared'],
  'shared/backup': ['shared'],
  'shared/daemon': ['shared'],
  'shared/operator': ['shared'],
  'daemons/loader': ['shared'],
  'daemons/extractor': ['shared'],
  'daemons/adaptor': ['shared'],
  'daemons/adaptor/providers/apple': ['shared', 'daemons/adaptor/providers'],
  'daemons/adaptor/providers/configured': ['shared', 'daemons/adaptor/providers'],
  'daemons/adaptor/providers/windows-autopilot': ['shared', 'daemons/adaptor/providers'],
  'daemons/adaptor/providers/samsung-knox': ['shared', 'daemons/adaptor/providers'],
  'daemons/adaptor/providers/google-zero-touch': ['shared', 'daemons/adaptor/providers'],
  jobs: ['shared'],
  console: ['shared', 'jobs'],
};

const arrows = Object.entries(mayImport).map(([folder, allowed]) => ({
  target: `./${folder}`,
  from: '.',
  except: [`./${folder}`, './node_modules', ...allowed.map((name) => `./${name}`)],
  message: `${folder} may import only: ${[folder, ...allowed].join(', ')} (ARCHITECTURE.md, "Folders").`,
}));

/** Pure rules: no disk, network, database, process or clock. What they need to know arrives as an argument. */
const pureRules = [
  'shared/store/states/*.ts',
  'shared/generic/*.ts',
  'shared/https/backoff.ts',
  'shared/https/circuit.ts',
  'shared/https/connection-faults.ts',
  'shared/https/content-digest.ts',
  'shared/https/pace.ts',
  'console/activity-rules.ts',
  'shared/operator/log-line.ts',
  'shared/schedule/*.ts',
  'shared/backup/*-rules.ts',
  'shared/doctor/*-rules.ts',
  'shared/probes/*-rules.ts',
  'shared/probes/notice-text.ts',
  'shared/spool/identity.ts',
  'shared/spool/manifest.ts',
  'shared/spool/names.ts',
  'shared/spool/network.ts',
  'shared/spool/portions.ts',
  'shared/spool/stability.ts',
  'daemons/adaptor/providers/*.ts',
  'daemons/adaptor/providers/*/*-mapping.ts',
  'daemons/adaptor/providers/*/error-catalogue.ts',
  'jobs/*-rules.ts',
];

/** What the scripts of the console use. */
const browser = {
  confirm: 'readonly',
  document: 'readonly',
  getComputedStyle: 'readonly',
  getSelection: 'readonly',
  htmx: 'readonly',
  location: 'readonly',
  matchMedia: 'readonly',
  ResizeObserver: 'readonly',
  uPlot: 'readonly',
};

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'var', 'spool', 'coverage'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, flatConfigs.typescript],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js'] })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones: arrows }],
      'import-x/no-cycle': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    ignores: ['shared/pgp/library.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [{ name: 'openpgp', message: 'Import from shared/pgp/library.ts.', allowTypeImports: true }],
        },
      ],
    },
  },
  {
    files: pureRules,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(node:|kysely|better-sqlite3|pg|chokidar|winston|openpgp|undici)',
              message: 'A rule file is pure: pass in what it needs.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'demo/**/*.ts', 'bench/**/*.ts', 'package/**/*.ts', 'bin/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['console/assets/*.js'],
    languageOptions: { globals: browser },
  },
  {
    files: ['**/*.js'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly' } },
  },
);
