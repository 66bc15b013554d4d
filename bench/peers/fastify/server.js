// Daybook's API as one would write it in Node: Fastify, pg in pipeline mode, a worker per processor.
// PORT, DAYBOOK_HOST (folder of PostgreSQL's socket), WORKERS and CONNECTIONS (of each worker) set it up.
'use strict'

const cluster = require('node:cluster')
const { createHash } = require('node:crypto')
const fastify = require('fastify')
const { Client, types } = require('pg')

const MS_PER_DAY = 86400000
const DATE = 1082, INT8 = 20

// As in src/responder/endpoint.c: path, view, name of the total, days a page, fields.
const ENDPOINTS = [
  ['analytics', 'messages/daily', 'messages_daily', 'total_days', 30,
    { date: 'date', inbound_messages: 'count', outbound_messages: 'count', positive_feedback: 'count',
      negative_feedback: 'count', ht_requests: 'count', ht_starts: 'count' }],
  ['dashboard', 'chats/count', 'chats_daily', 'total_count', 30, { date: 'date', count: 'count' }],
  ['dashboard', 'users/unique-daily', 'users_daily', 'total_count', 31,
    { date: 'instant', unique_users: 'count' }],
  ['dashboard', 'csat/daily', 'csat_daily', 'days_count', 30,
    { date: 'date', total: 'count', avg_score: 'average' }],
  ['dashboard', 'ai_quality/daily', 'ai_quality_daily', 'total_days', 30,
    { date: 'date', score: 'average', sample_size: 'count' }],
  ['dashboard', 'errors/daily', 'errors_daily', 'total_count', 30,
    { date: 'date', bucket: 'instant', error_count: 'count' }],
]

types.setTypeParser(DATE, (text) => text)
types.setTypeParser(INT8, Number)

const instant = (day) => `${day}T00:00:00Z`

// Formatting a day costs more than all else that is done with it, so the texts are kept.
const texts = new Map()
function dayText(number) {
  let text = texts.get(number)
  if (text === undefined) {
    text = new Date(number * MS_PER_DAY).toISOString().slice(0, 10)
    texts.set(number, text)
  }
  return text
}

function parseDay(text) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text.startsWith('0000')) return null
  const number = Date.parse(instant(text)) / MS_PER_DAY
  return Number.isNaN(number) || dayText(number) !== text ? null : number
}

function parseCursor(text, from, to) {
  if (!/^[A-Za-z0-9+/]{27}=?$/.test(text)) return null
  const plain = Buffer.from(text, 'base64').toString()
  const day = plain.endsWith('T00:00:00Z') ? parseDay(plain.slice(0, 10)) : null
  return day === null || day < from || day >= to ? null : day
}

const lastOf = (value) => Array.isArray(value) ? value.findLast((v) => v !== '') : value

// The page that a query string asks for, or what is wrong with it.
function parsePage(query, pageDays) {
  const [fromText, toText, limitText, cursor] =
    [query.from, query.to, query.limit, query.cursor || query.after].map(lastOf)
  if (!fromText || !toText) return { wrong: 'Missing required params: from, to' }
  const from = parseDay(fromText), to = parseDay(toText)
  if (from === null) return { wrong: 'Invalid from: expected a day as YYYY-MM-DD' }
  if (to === null) return { wrong: 'Invalid to: expected a day as YYYY-MM-DD' }
  if (from > to) return { wrong: 'Invalid range: from is after to (to is exclusive)' }
  const limit = limitText ? Number(limitText) : pageDays
  if (limitText && !(/^\d+$/.test(limitText) && limit >= 1 && limit <= 365)) {
    return { wrong: 'Invalid limit: expected an integer from 1 to 365' }
  }
  const first = cursor ? parseCursor(cursor, from, to) : from
  if (first === null) return { wrong: 'Invalid cursor' }
  return { from, to, first, end: Math.min(to, first + limit) }
}

function connection() {
  const client = new Client({
    host: process.env.DAYBOOK_HOST, database: 'daybook', user: 'daybook_responder', pipeline: true,
    options: '-c search_path=pg_catalog -c TimeZone=UTC -c enable_seqscan=off -c jit=off',
  })
  client.connect()
  return client
}

function schema(fields, total) {
  const type = { date: { type: 'string' }, instant: { type: 'string' }, count: { type: 'integer' },
    average: { type: 'number', nullable: true } }
  return { 200: { type: 'object', properties: {
    status: { type: 'string' },
    data: { type: 'array', items: { type: 'object',
      properties: Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, type[kind]])) } },
    metadata: { type: 'object', properties: {
      [total]: { type: 'integer' }, next_cursor: { type: 'string', nullable: true } } },
  } } }
}

function serve(app, clients, [area, kpi, view, total, pageDays, fields]) {
  const names = Object.keys(fields), kinds = Object.values(fields)
  const isColumn = (i) => kinds[i] === 'count' || kinds[i] === 'average'
  const columns = names.map((name, i) => !isColumn(i) ? ''
    : `, ("${name}"${kinds[i] === 'average' ? ' * 100' : ''})::bigint`).join('')
  const admitStatement = { name: 'admit', rowMode: 'array',
    text: 'SELECT verdict, remaining, retry_after, closes_at FROM daybook.admit($1, $2, NULL)' }
  const pageStatement = { name: view, rowMode: 'array',
    text: `SELECT day${columns} FROM daybook.page_${view}($1, $2, $3) ORDER BY day` }

  function rowOf(text, row) {
    const object = {}
    for (let i = 0, column = 1; i < names.length; i++) {
      if (kinds[i] === 'date') object[names[i]] = text
      else if (kinds[i] === 'instant') object[names[i]] = instant(text)
      else {
        const value = row === null ? null : row[column++]
        object[names[i]] = kinds[i] === 'count' ? value ?? 0 : value === null ? null : value / 100
      }
    }
    return object
  }

  app.get(`/rest/${area}/:project/${kpi}`, { schema: { response: schema(fields, total) } },
    async (request, reply) => {
      reply.headers({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' })
      const refuse = (code, document) => reply.code(code).type('application/json; charset=utf-8').send(document)
      const token = /^bearer +(pat-.*?) *$/i.exec(request.headers.authorization ?? '')
      if (token === null) return refuse(401, { status: false, message: 'unauthenticated' })

      const page = parsePage(request.query, pageDays)
      const { project } = request.params
      const client = clients[clients.next++ % clients.length]
      const digest = createHash('sha256').update(token[1]).digest()
      const admitted = client.query({ ...admitStatement, values: [digest, project] })
      const read = page.wrong ? null : client.query(
        { ...pageStatement, values: [project, dayText(page.first), dayText(page.end)] })
      const [[[verdict, remaining, retryAfter, closesAt]], rows] =
        (await Promise.all([admitted, read])).map((result) => result?.rows)
      if (verdict === 401) return refuse(401, { status: false, message: 'unauthenticated' })
      if (verdict === 403) return refuse(403, { status: false, message: 'unauthorized' })

      reply.headers({ 'RateLimit-Policy': '"pat";q=100;w=60',
        RateLimit: `"pat";r=${remaining};t=${retryAfter}`, 'X-RateLimit-Limit': 100,
        'X-RateLimit-Remaining': remaining, 'X-RateLimit-Reset': closesAt })
      if (verdict === 429) {
        reply.header('Retry-After', retryAfter)
        return refuse(429, { status: 'error', message: 'rate limit exceeded', retry_after: retryAfter })
      }
      if (page.wrong) return refuse(400, { status: 'ERROR', message: page.wrong })

      const data = []
      for (let day = page.first, next = 0; day < page.end; day++) {
        const text = dayText(day)
        data.push(rowOf(text, rows[next]?.[0] === text ? rows[next++] : null))
      }
      reply.headers({ 'Cache-Control': 'private, no-cache', Vary: 'Authorization' })
      return { status: 'SUCCESS', data, metadata: {
        [total]: page.to - page.from,
        next_cursor: page.end < page.to ? Buffer.from(instant(dayText(page.end))).toString('base64') : null } }
    })
}

if (cluster.isPrimary) {
  for (let i = 0; i < Number(process.env.WORKERS); i++) cluster.fork()
  process.on('SIGTERM', () => process.exit(0))
} else {
  const clients = Array.from({ length: Number(process.env.CONNECTIONS) }, connection)
  clients.next = 0
  const app = fastify({ logger: false })
  for (const endpoint of ENDPOINTS) serve(app, clients, endpoint)
  app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
}
