// Rules for the explorer page's modules: npx eslint@9 reberlstm/render/explorer
// A development check only; nothing of the package or its tests needs Node.

const names = (text) => Object.fromEntries(text.split(" ").map((name) => [name, "readonly"]));

export default [
  { ignores: ["reberlstm/render/explorer/vendor/**"] },
  {
    files: ["reberlstm/render/explorer/**/*.js"],
    languageOptions: {
      ecmaVersion: 2023,
      sourceType: "module",
      globals: names(
        "document window self location history navigator performance setTimeout clearTimeout atob btoa " +
          "AbortController Blob DecompressionStream Response URL Worker Image URLSearchParams XMLSerializer ResizeObserver CSS DOMParser",
      ),
    },
    rules: {
      "no-undef": "error",
      "no-unused-vars": "error",
      "no-redeclare": "error",
      "no-shadow": "error",
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: "error",
      "no-implicit-globals": "error",
      "no-unreachable": "error",
      "no-fallthrough": "error",
      "no-eval": "error",
      "consistent-return": "error",
      "no-else-return": "off",
      "max-lines": ["error", 430],
    },
  },
];
