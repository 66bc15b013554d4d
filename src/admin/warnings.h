#ifndef WARNINGS_H
#define WARNINGS_H

#include "load.h"

/* Tells on stderr what a load has taken, and its maker may not have meant: once it has been added. */
void warnings_tell(const struct load *load);

/* Tells the columns that are ignored; nothing if there are none. */
void warnings_tell_extras(const struct intake *intake);

#endif
