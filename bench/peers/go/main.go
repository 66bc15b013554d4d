// Daybook's API as one would write it in Go: net/http, and pgx with each request's statements in one batch.
// PORT, DAYBOOK_HOST (folder of PostgreSQL's socket) and CONNECTIONS set it up.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

const (
	instantLayout = "2006-01-02T00:00:00Z"
	admitSQL      = "SELECT verdict, remaining, retry_after, closes_at FROM daybook.admit($1, $2, NULL)"
	noSuchToken   = `{"status":false,"message":"unauthenticated"}`
)

type field struct{ name, kind string }

type endpoint struct {
	area, kpi, view, total string
	pageDays               int
	fields                 []field
}

// As in src/responder/endpoint.c.
var endpoints = []*endpoint{
	{"analytics", "messages/daily", "messages_daily", "total_days", 30, []field{{"date", "date"},
		{"inbound_messages", "count"}, {"outbound_messages", "count"}, {"positive_feedback", "count"},
		{"negative_feedback", "count"}, {"ht_requests", "count"}, {"ht_starts", "count"}}},
	{"dashboard", "chats/count", "chats_daily", "total_count", 30, []field{{"date", "date"}, {"count", "count"}}},
	{"dashboard", "users/unique-daily", "users_daily", "total_count", 31, []field{{"date", "instant"},
		{"unique_users", "count"}}},
	{"dashboard", "csat/daily", "csat_daily", "days_count", 30, []field{{"date", "date"}, {"total", "count"},
		{"avg_score", "average"}}},
	{"dashboard", "ai_quality/daily", "ai_quality_daily", "total_days", 30, []field{{"date", "date"},
		{"score", "average"}, {"sample_size", "count"}}},
	{"dashboard", "errors/daily", "errors_daily", "total_count", 30, []field{{"date", "date"},
		{"bucket", "instant"}, {"error_count", "count"}}},
}

func (e *endpoint) sql() string {
	columns := ""
	for _, f := range e.fields {
		switch f.kind {
		case "count":
			columns += fmt.Sprintf(`, ("%s")::bigint`, f.name)
		case "average":
			columns += fmt.Sprintf(`, ("%s" * 100)::bigint`, f.name)
		}
	}
	return "SELECT day" + columns + " FROM daybook.page_" + e.view + "($1, $2, $3) ORDER BY day"
}

type page struct{ from, to, first, end time.Time }

func days(from, to time.Time) int { return int(to.Sub(from) / (24 * time.Hour)) }

func parseCursor(text string, p *page) (time.Time, bool) {
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimSuffix(text, "="))
	day, wrong := time.Parse(instantLayout, string(plain))
	return day, len(text) <= 28 && err == nil && wrong == nil && !day.Before(p.from) && day.Before(p.to)
}

// The page that a query string asks for, or what is wrong with it.
func parsePage(query string, pageDays int) (p page, wrong string) {
	values, _ := url.ParseQuery(query)
	last := func(names ...string) (value string) {
		for _, name := range names {
			for _, v := range values[name] {
				if v != "" {
					value = v
				}
			}
		}
		return
	}
	from, to, limit, cursor := last("from"), last("to"), last("limit"), last("cursor", "after")
	if from == "" || to == "" {
		return p, "Missing required params: from, to"
	}
	var err error
	if p.from, err = time.Parse("2006-01-02", from); err != nil {
		return p, "Invalid from: expected a day as YYYY-MM-DD"
	}
	if p.to, err = time.Parse("2006-01-02", to); err != nil {
		return p, "Invalid to: expected a day as YYYY-MM-DD"
	}
	if p.from.After(p.to) {
		return p, "Invalid range: from is after to (to is exclusive)"
	}
	if limit != "" {
		pageDays, err = strconv.Atoi(limit)
		if err != nil || pageDays < 1 || pageDays > 365 {
			return p, "Invalid limit: expected an integer from 1 to 365"
		}
	}
	p.first = p.from
	if cursor != "" {
		var good bool
		if p.first, good = parseCursor(cursor, &p); !good {
			return p, "Invalid cursor"
		}
	}
	p.end = p.first.AddDate(0, 0, pageDays)
	if p.end.After(p.to) {
		p.end = p.to
	}
	return p, ""
}

// One day's object; values are those of its row, nil on a day without one.
func (e *endpoint) appendDay(body []byte, day time.Time, values []*int64) []byte {
	separator, column := byte('{'), 0
	for _, f := range e.fields {
		body = append(append(append(append(body, separator), '"'), f.name...), `":`...)
		separator = ','
		var value *int64
		if values != nil && (f.kind == "count" || f.kind == "average") {
			value = values[column]
			column++
		}
		switch {
		case f.kind == "date":
			body = append(day.AppendFormat(append(body, '"'), "2006-01-02"), '"')
		case f.kind == "instant":
			body = append(day.AppendFormat(append(body, '"'), instantLayout), '"')
		case value != nil && f.kind == "count":
			body = strconv.AppendInt(body, *value, 10)
		case value != nil:
			body = strconv.AppendFloat(body, float64(*value)/100, 'f', -1, 64)
		case f.kind == "count":
			body = append(body, '0')
		default:
			body = append(body, "null"...)
		}
	}
	return append(body, '}')
}

func (e *endpoint) appendPage(body []byte, p *page, rows pgx.Rows) ([]byte, error) {
	var of time.Time
	columns := make([]*int64, len(rows.FieldDescriptions())-1)
	targets := []interface{}{&of}
	for i := range columns {
		targets = append(targets, &columns[i])
	}
	body = append(body, `{"status":"SUCCESS","data":[`...)
	there := rows.Next()
	for day := p.first; day.Before(p.end); day = day.AddDate(0, 0, 1) {
		if there && of.IsZero() {
			if err := rows.Scan(targets...); err != nil {
				return nil, err
			}
		}
		if day != p.first {
			body = append(body, ',')
		}
		if there && of.Equal(day) {
			body = e.appendDay(body, day, columns)
			there, of = rows.Next(), time.Time{}
		} else {
			body = e.appendDay(body, day, nil)
		}
	}
	body = append(body, fmt.Sprintf(`],"metadata":{"%s":%d,"next_cursor":`, e.total, days(p.from, p.to))...)
	if !p.end.Before(p.to) {
		return append(body, "null}}"...), nil
	}
	cursor := base64.StdEncoding.EncodeToString([]byte(p.end.Format(instantLayout)))
	return append(body, `"`+cursor+`"}}`...), nil
}

var bearer = regexp.MustCompile(`^(?i:bearer) +(pat-.+?) *$`)

func refuse(w http.ResponseWriter, code int, body string) {
	w.WriteHeader(code)
	w.Write([]byte(body))
}

func (e *endpoint) serve(pool *pgxpool.Pool, project string, w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	token := bearer.FindStringSubmatch(r.Header.Get("Authorization"))
	if token == nil {
		refuse(w, 401, noSuchToken)
		return
	}
	p, wrong := parsePage(r.URL.RawQuery, e.pageDays)
	digest := sha256.Sum256([]byte(token[1]))
	batch := &pgx.Batch{}
	batch.Queue("admit", digest[:], project)
	if wrong == "" {
		batch.Queue(e.view, project, p.first, p.end)
	}
	results := pool.SendBatch(r.Context(), batch)
	defer results.Close()
	var verdict int
	var remaining, retryAfter *int
	var closesAt *int64
	if err := results.QueryRow().Scan(&verdict, &remaining, &retryAfter, &closesAt); err != nil {
		refuse(w, 500, `{"status":"ERROR","message":"Internal server error"}`)
		return
	}
	if verdict == 401 {
		refuse(w, 401, noSuchToken)
		return
	}
	if verdict == 403 {
		refuse(w, 403, `{"status":false,"message":"unauthorized"}`)
		return
	}
	h.Set("RateLimit-Policy", `"pat";q=100;w=60`)
	h.Set("RateLimit", fmt.Sprintf(`"pat";r=%d;t=%d`, *remaining, *retryAfter))
	h.Set("X-RateLimit-Limit", "100")
	h.Set("X-RateLimit-Remaining", strconv.Itoa(*remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(*closesAt, 10))
	if verdict == 429 {
		h.Set("Retry-After", strconv.Itoa(*retryAfter))
		refuse(w, 429, fmt.Sprintf(`{"status":"error","message":"rate limit exceeded","retry_after":%d}`, *retryAfter))
		return
	}
	if wrong != "" {
		refuse(w, 400, `{"status":"ERROR","message":"`+wrong+`"}`)
		return
	}
	rows, err := results.Query()
	if err == nil {
		defer rows.Close()
		var body []byte
		if body, err = e.appendPage(make([]byte, 0, 8192), &p, rows); err == nil {
			h.Set("Cache-Control", "private, no-cache")
			h.Set("Vary", "Authorization")
			h.Set("Content-Length", strconv.Itoa(len(body)))
			w.Write(body)
			return
		}
	}
	refuse(w, 500, `{"status":"ERROR","message":"Internal server error"}`)
}

func main() {
	config, err := pgxpool.ParseConfig(fmt.Sprintf("host=%s dbname=daybook user=daybook_responder pool_max_conns=%s",
		os.Getenv("DAYBOOK_HOST"), os.Getenv("CONNECTIONS")))
	if err != nil {
		log.Fatal(err)
	}
	for name, value := range map[string]string{"search_path": "pg_catalog", "TimeZone": "UTC", "enable_seqscan": "off",
		"jit": "off"} {
		config.ConnConfig.RuntimeParams[name] = value
	}
	config.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Prepare(ctx, "admit", admitSQL)
		for _, e := range endpoints {
			if err == nil {
				_, err = c.Prepare(ctx, e.view, e.sql())
			}
		}
		return err
	}
	pool, err := pgxpool.ConnectConfig(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	byPath := map[string]*endpoint{}
	for _, e := range endpoints {
		byPath[e.area+" "+e.kpi] = e
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			part := strings.SplitN(r.URL.Path, "/", 5)
			if len(part) == 5 && part[1] == "rest" {
				if e := byPath[part[2]+" "+part[4]]; e != nil {
					e.serve(pool, part[3], w, r)
					return
				}
			}
			refuse(w, 404, `{"status":"ERROR","message":"Not found"}`)
		})))
}
