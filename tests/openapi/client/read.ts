// Reads a range of messages and of returning users, page by page, and prints the rows as JSON:
//
//     DAYBOOK_URL=https://kpi.example.org DAYBOOK_TOKEN=pat-... node compiled/read.js PROJECT FROM TO
//
// openapi-typescript makes api.ts of the document. So a path, a parameter or a member that the document lacks does not
// compile, and neither does a total or a cursor that belongs to another path.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Schemas = components["schemas"];

// What must not compile: each line is an error, or tsc says that it is none.
export type Wrong = [
    // @ts-expect-error: users count their days by another name than messages do
    Schemas["MetadataTotalCount"]["total_days"],
    // @ts-expect-error: csat has no sample_size
    Schemas["CsatDay"]["sample_size"],
    // @ts-expect-error: a summary has no pages
    Exclude<paths["/rest/analytics/{project_id}/summary"]["get"]["parameters"]["query"], undefined>["limit"],
    // @ts-expect-error: there is no such path
    paths["/rest/analytics/{project_id}/chats/count"],
];

function setting(name: string): string {
    const value = process.env[name];
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
}

const [project, from, to] = process.argv.slice(2);
if (project === undefined || from === undefined || to === undefined) throw new Error("usage: read.js PROJECT FROM TO");
const path = { project_id: project };
const range = { from, to, limit: 50 };
const client = createClient<paths, "application/json">({
    baseUrl: setting("DAYBOOK_URL"),
    headers: { Authorization: `Bearer ${setting("DAYBOOK_TOKEN")}` },
});

// A page of either kind, as far as both are the same.
interface Page<Row> {
    data: Row[];
    metadata: { next_cursor: string | null };
}

async function all<Row>(page: (cursor: string | null) => Promise<Page<Row>>): Promise<Row[]> {
    const rows: Row[] = [];
    let cursor: string | null = null;
    do {
        const { data, metadata }: Page<Row> = await page(cursor);
        rows.push(...data);
        cursor = metadata.next_cursor;
    } while (cursor !== null);
    return rows;
}

// What is not 200 is typed as well: `message` is one of those that the document names.
function refused(error: { message: string }): never {
    throw new Error(error.message);
}

const messages: Schemas["MessagesDay"][] = await all(async (cursor) => {
    const query = cursor === null ? range : { ...range, cursor };
    const answer = await client.GET("/rest/analytics/{project_id}/messages/daily", { params: { path, query } });
    return answer.data ?? refused(answer.error);
});

const users: Schemas["UsersDay"][] = await all(async (after) => {
    const query = after === null ? range : { ...range, after };
    const answer = await client.GET("/rest/dashboard/{project_id}/users/unique-daily", { params: { path, query } });
    return answer.data ?? refused(answer.error);
});

const backwards = { path, query: { from: to, to: from } };
const wrong = await client.GET("/rest/dashboard/{project_id}/chats/count", { params: backwards });

console.log(JSON.stringify({ messages, users, wrong: wrong.error }));
