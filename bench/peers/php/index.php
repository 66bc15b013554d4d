<?php
// Daybook's API as one would write it in PHP: no framework, PDO, a persistent connection in each FPM worker.
// DAYBOOK_HOST names the folder of PostgreSQL's socket.
declare(strict_types=1);

// As in src/responder/endpoint.c: view, name of the total, days a page, fields.
const ENDPOINTS = [
    'analytics messages/daily' => ['messages_daily', 'total_days', 30,
        ['date' => 'date', 'inbound_messages' => 'count', 'outbound_messages' => 'count',
         'positive_feedback' => 'count', 'negative_feedback' => 'count', 'ht_requests' => 'count',
         'ht_starts' => 'count']],
    'dashboard chats/count' => ['chats_daily', 'total_count', 30, ['date' => 'date', 'count' => 'count']],
    'dashboard users/unique-daily' => ['users_daily', 'total_count', 31,
        ['date' => 'instant', 'unique_users' => 'count']],
    'dashboard csat/daily' => ['csat_daily', 'days_count', 30,
        ['date' => 'date', 'total' => 'count', 'avg_score' => 'average']],
    'dashboard ai_quality/daily' => ['ai_quality_daily', 'total_days', 30,
        ['date' => 'date', 'score' => 'average', 'sample_size' => 'count']],
    'dashboard errors/daily' => ['errors_daily', 'total_count', 30,
        ['date' => 'date', 'bucket' => 'instant', 'error_count' => 'count']],
];
const SECONDS_PER_DAY = 86400;

function answer(int $code, array $document, string $caching = 'no-store'): never
{
    http_response_code($code);
    header('Content-Type: application/json; charset=utf-8');
    header('X-Content-Type-Options: nosniff');
    header("Cache-Control: $caching");
    echo json_encode($document, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    exit;
}

function wrong(string $message): array
{
    return ['wrong' => $message];
}

function parse_day(string $text): ?int
{
    if (!preg_match('/^(\d{4})-(\d{2})-(\d{2})$/D', $text, $m) || !checkdate((int)$m[2], (int)$m[3], (int)$m[1]))
        return null;
    return intdiv(gmmktime(0, 0, 0, (int)$m[2], (int)$m[3], (int)$m[1]), SECONDS_PER_DAY);
}

function day_text(int $day): string
{
    return gmdate('Y-m-d', $day * SECONDS_PER_DAY);
}

function parse_cursor(string $text, int $from, int $to): ?int
{
    if (!preg_match('/^[A-Za-z0-9+\/]{27}=?$/D', $text))
        return null;
    $plain = (string)base64_decode($text);
    $day = str_ends_with($plain, 'T00:00:00Z') ? parse_day(substr($plain, 0, 10)) : null;
    return $day === null || $day < $from || $day >= $to ? null : $day;
}

// The page that a query string asks for, or what is wrong with it.
function parse_page(array $query, int $page_days): array
{
    [$from_text, $to_text, $limit_text, $cursor] =
        [$query['from'] ?? '', $query['to'] ?? '', $query['limit'] ?? '', ($query['cursor'] ?? '') ?: $query['after'] ?? ''];
    if ($from_text === '' || $to_text === '')
        return wrong('Missing required params: from, to');
    if (($from = parse_day($from_text)) === null)
        return wrong('Invalid from: expected a day as YYYY-MM-DD');
    if (($to = parse_day($to_text)) === null)
        return wrong('Invalid to: expected a day as YYYY-MM-DD');
    if ($from > $to)
        return wrong('Invalid range: from is after to (to is exclusive)');
    if ($limit_text !== '' && (!ctype_digit($limit_text) || (int)$limit_text < 1 || (int)$limit_text > 365))
        return wrong('Invalid limit: expected an integer from 1 to 365');
    $first = $cursor === '' ? $from : parse_cursor($cursor, $from, $to);
    if ($first === null)
        return wrong('Invalid cursor');
    return [$from, $to, $first, min($to, $first + ($limit_text === '' ? $page_days : (int)$limit_text))];
}

// One prepared statement lives as long as its connection does; PDO's own would be prepared for each request.
function ask(PDO $database, string $name, string $sql, array $types, array $values): array
{
    $list = implode(', ', array_map(fn ($v) => $v === null ? 'NULL' : $database->quote($v), $values));
    try {
        return $database->query("EXECUTE $name ($list)")->fetchAll(PDO::FETCH_NUM);
    } catch (PDOException $missing) {
        $database->exec("PREPARE $name (" . implode(', ', $types) . ") AS $sql");
        return $database->query("EXECUTE $name ($list)")->fetchAll(PDO::FETCH_NUM);
    }
}

[$path] = explode('?', $_SERVER['REQUEST_URI'], 2);
[, , $area, $project, $kpi] = explode('/', $path, 5) + ['', '', '', '', ''];
$endpoint = ENDPOINTS["$area $kpi"] ?? answer(404, ['status' => 'ERROR', 'message' => 'Not found']);
[$view, $total, $page_days, $fields] = $endpoint;
if (!preg_match('/^bearer +(pat-.*?) *$/iD', $_SERVER['HTTP_AUTHORIZATION'] ?? '', $token))
    answer(401, ['status' => false, 'message' => 'unauthenticated']);

$page = parse_page($_GET, $page_days);
$database = new PDO("pgsql:host={$_SERVER['DAYBOOK_HOST']};dbname=daybook;options='-c search_path=pg_catalog"
    . " -c TimeZone=UTC -c enable_seqscan=off -c jit=off'", 'daybook_responder', null,
    [PDO::ATTR_PERSISTENT => true]);
$project = rawurldecode($project);
[[$verdict, $remaining, $retry_after, $closes_at]] = ask($database, 'admit',
    'SELECT verdict, remaining, retry_after, closes_at FROM daybook.admit($1, $2, NULL)', ['bytea', 'text'],
    ['\\x' . hash('sha256', $token[1]), $project]);
if ($verdict === 401)
    answer(401, ['status' => false, 'message' => 'unauthenticated']);
if ($verdict === 403)
    answer(403, ['status' => false, 'message' => 'unauthorized']);

header('RateLimit-Policy: "pat";q=100;w=60');
header("RateLimit: \"pat\";r=$remaining;t=$retry_after");
header('X-RateLimit-Limit: 100');
header("X-RateLimit-Remaining: $remaining");
header("X-RateLimit-Reset: $closes_at");
if ($verdict === 429) {
    header("Retry-After: $retry_after");
    answer(429, ['status' => 'error', 'message' => 'rate limit exceeded', 'retry_after' => $retry_after]);
}
if (isset($page['wrong']))
    answer(400, ['status' => 'ERROR', 'message' => $page['wrong']]);

[$from, $to, $first, $end] = $page;
$columns = '';
foreach ($fields as $name => $kind)
    $columns .= match ($kind) {'count' => ", (\"$name\")::bigint", 'average' => ", (\"$name\" * 100)::bigint", default => ''};
$rows = ask($database, $view, "SELECT day$columns FROM daybook.page_$view(\$1, \$2, \$3) ORDER BY day",
    ['text', 'date', 'date'], [$project, day_text($first), day_text($end)]);

$data = [];
for ($day = $first, $next = 0; $day < $end; $day++) {
    $text = day_text($day);
    $row = ($rows[$next][0] ?? null) === $text ? $rows[$next++] : null;
    $object = [];
    $column = 1;
    foreach ($fields as $name => $kind)
        $object[$name] = match ($kind) {
            'date' => $text,
            'instant' => $text . 'T00:00:00Z',
            'count' => $row === null ? 0 : $row[$column++],
            'average' => ($value = $row === null ? null : $row[$column++]) === null ? null : $value / 100,
        };
    $data[] = $object;
}
header('Vary: Authorization');
answer(200, ['status' => 'SUCCESS', 'data' => $data, 'metadata' => [$total => $to - $from,
    'next_cursor' => $end < $to ? base64_encode(day_text($end) . 'T00:00:00Z') : null]], 'private, no-cache');
