// What `make lint` looks for in the JavaScript that ships: mistakes, not style.
import js from "@eslint/js";
import globals from "globals";

// The review's page also opens from a folder, where browsers load no modules: its scripts share
// these names.
const SHARED = ["review", "$", "bucketOf", "command", "fix", "inOrder", "lines", "onKey"];
SHARED.push("openDetail", "overlay", "percent", "showEntry", "showPoses");

// What the WebUI gives the scripts in javascript/.
const WEBUI = ["gradioApp", "onUiLoaded", "onUiUpdate"];

const readonly = (names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

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
    languageOptions: { sourceType: "script", globals: readonly(SHARED) },
    rules: {
      "no-redeclare": ["error", { builtinGlobals: false }],
      "no-unused-vars": ["error", { vars: "local" }],
    },
  },
  {
    files: ["**/javascript/*.js"],
    languageOptions: { sourceType: "script", globals: readonly(WEBUI) },
  },
];
