// What `make lint` looks for in the JavaScript that ships: mistakes, not style.
import js from "@eslint/js";
import globals from "globals";

// The review's page also opens from a folder, where browsers load no modules: its scripts share
// these names. review.js takes the first from data.js, which is written with each review.
const SHARED = ["review", "$", "bucketOf", "command", "fix", "inOrder", "lines", "onKey"];
SHARED.push("openDetail", "overlay", "percent", "showEntry", "showPoses");

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2022, globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-shadow": "error",
      "no-throw-literal": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["**/review_page/*.js"],
    languageOptions: {
      sourceType: "script",
      globals: Object.fromEntries(SHARED.map((name) => [name, "readonly"])),
    },
    rules: {
      "no-redeclare": ["error", { builtinGlobals: false }],
      "no-unused-vars": ["error", { vars: "local" }],
    },
  },
];
