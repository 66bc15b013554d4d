// Lints openapi.json by Redocly's rules, as @redocly/cli does, which brings a hundred megabytes more.
import core from "@redocly/openapi-core";

const config = await core.loadConfig({ configPath: "redocly.yaml" });
const problems = await core.lint({ ref: "openapi.json", config });
core.formatProblems(problems, { format: "stylish", totals: core.getTotals(problems), version: "" });
process.exitCode = problems.length > 0 ? 1 : 0;
