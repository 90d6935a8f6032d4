/** What a terminal shows: tables, JSON and ages, as docker lays them out. Pure text; no terminal is touched. */
@NullMarked
package io.tapswitch.core.cli.format;

import org.jspecify.annotations.NullMarked;
