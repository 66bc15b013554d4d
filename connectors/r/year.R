# A year or less in one line: a page of CSV has up to 365 days. What the API refuses is an error, with no table.
days <- commandArgs(TRUE)
env <- Sys.getenv(c("DAYBOOK_URL", "DAYBOOK_PROJECT", "DAYBOOK_TOKEN"))
token <- env[[3]]
address <- paste0(env[[1]], "/rest/analytics/", env[[2]], "/summary/daily?from=", days[1], "&to=", days[2])

kpis <- read.csv(url(paste0(address, "&format=csv"), headers = c(Authorization = paste("Bearer", token))))

kpis$date <- as.Date(kpis$date)
write.csv(kpis, stdout(), row.names = FALSE, na = "")
