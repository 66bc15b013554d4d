# Daybook's KPIs as a data frame, one row a day, for as many years as there are:
#
#   Rscript daybook_frame.R 2024-01-01 2026-01-01 > kpis.csv
#
# The second day is the one after the last.
library(httr)
library(jsonlite)

# A page. A refusal by the rate limit is waited for; any other is an error.
get_page <- function(url, query, token) {
  repeat {
    answer <- GET(url, query = query, add_headers(Authorization = paste("Bearer", token)), timeout(30))
    if (status_code(answer) != 429) break
    Sys.sleep(as.numeric(headers(answer)[["retry-after"]]))
  }
  stop_for_status(answer)
  fromJSON(content(answer, "text", encoding = "UTF-8"))
}

# The days from first up to, and without, end.
daybook_frame <- function(base, project, token, first, end) {
  url <- paste0(base, "/rest/analytics/", project, "/summary/daily")
  query <- list(from = first, to = end, limit = 365)
  pages <- list()
  repeat {
    page <- get_page(url, query, token)
    pages[[length(pages) + 1]] <- page$data
    if (is.null(page$metadata$next_cursor)) break
    query$cursor <- page$metadata$next_cursor
  }
  kpis <- do.call(rbind, pages)
  kpis$date <- as.Date(kpis$date)
  kpis
}

days <- commandArgs(TRUE)
env <- Sys.getenv(c("DAYBOOK_URL", "DAYBOOK_PROJECT", "DAYBOOK_TOKEN"))
kpis <- daybook_frame(env[[1]], env[[2]], env[[3]], days[1], days[2])
write.csv(kpis, stdout(), row.names = FALSE, na = "")
