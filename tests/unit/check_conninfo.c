#include "units.h"

#include "conninfo.h"

START_TEST(strings_and_uris_of_libpq_are_valid)
{
    static const char *const valid[] = {
        "",
        "dbname=daybook user=daybook_responder",
        "host=a,b port=5432,5433 dbname=daybook target_session_attrs=read-write",
        "host=/run/postgresql password='s@cr/t'",
        "host=/srv/with@sign",
        "host=@abstract",
        "postgresql://daybook@/daybook?host=/run/postgresql",
        "postgresql://user:s%40cr%2Ft@db.example.org:5432/daybook",
    };

    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        ck_assert_msg(conninfo_is_valid(valid[i]), "%s", valid[i]);
}
END_TEST

/* In the last ones libpq finds a part of the password where it looks for a port or a host, and would log it.
 */
START_TEST(others_are_not)
{
    static const char *const invalid[] = {
        "nonsense",
        "dbname='daybook",
        "colour=red",
        "host=a port=x",
        "postgresql://user:s3cr/t@db/daybook",
        "postgresql://user:s@cr3t@db/daybook",
    };

    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        ck_assert_msg(!conninfo_is_valid(invalid[i]), "%s", invalid[i]);
}
END_TEST

Suite *check_conninfo_suite(void)
{
    Suite *suite = suite_create("conninfo");
    TCase *tcase = tcase_create("conninfo");

    tcase_add_test(tcase, strings_and_uris_of_libpq_are_valid);
    tcase_add_test(tcase, others_are_not);
    suite_add_tcase(suite, tcase);
    return suite;
}
