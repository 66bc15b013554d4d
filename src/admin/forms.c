#include "forms.h"

#include <stdlib.h>

void forms_default(struct forms *forms)
{
    *forms = (struct forms){.count = 1};
    for (int i = 0; i < EVENT_COLUMNS; i++)
        forms->form[0].names[i] = event_column_name((enum event_column)i);
}

void forms_free(struct forms *forms)
{
    free(forms->memory);
}
