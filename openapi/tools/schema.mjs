// Checks openapi.json against the schema that the OpenAPI Initiative publishes for version 3.1.
import { Validator } from "@seriousme/openapi-schema-validator";

const result = await new Validator().validate("openapi.json");
if (!result.valid) {
    console.error(JSON.stringify(result.errors, null, 2));
    process.exitCode = 1;
}
