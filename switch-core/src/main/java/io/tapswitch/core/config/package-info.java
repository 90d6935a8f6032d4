/**
 * The configuration file: {@link io.tapswitch.core.config.ConfigFile} reads it strictly into a
 * {@link io.tapswitch.core.config.Configuration}. What it means for the networks that there are is the reconciler's
 * business in {@code control}. The schema for editors is {@code docs/tapswitch.schema.json}; a test holds it equal to
 * what is accepted here.
 */
@NullMarked
package io.tapswitch.core.config;

import org.jspecify.annotations.NullMarked;
