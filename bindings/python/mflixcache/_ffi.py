# SPDX-License-Identifier: Apache-2.0
"""The C interface as ctypes sees it. Generated from the headers by tools/generate_ffi.py; do not edit."""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_int64,
    c_size_t,
    c_ubyte,
    c_uint,
    c_void_p,
)
from typing import Any

MC_VERSION_MAJOR = 0
MC_ERROR_SIZE = 512
MC_OK = 0
MC_NOT_FOUND = 1
MC_E_ARG = -1
MC_E_RANGE = -2
MC_E_UTF8 = -3
MC_E_JSON = -4
MC_E_DEPTH = -5
MC_E_FIELD = -6
MC_E_TOOBIG = -7
MC_E_TYPE = -8
MC_E_EXISTS = -20
MC_E_CONFLICT = -21
MC_E_NOMEM = -30
MC_E_CLOSED = -31
MC_E_FORKED = -32
MC_E_REENTRANT = -33
MC_E_INTERNAL = -34
MC_E_URI = -40
MC_E_TLS = -41
MC_E_OPTION = -42
MC_E_FILE = -43
MC_E_CACHE = -50
MC_E_AUTH = -51
MC_E_PROTO = -52
MC_E_CLUSTER = -53
MC_E_DATABASE = -54
MC_E_STORE = -60
MC_E_TIMEOUT = -61
MC_E_UNKNOWN = -62
MC_E_UNSUPPORTED = -63
MC_E_ABORT = -70
MC_TIER_NONE = 0
MC_TIER_REDIS = 2
MC_TIER_STORE = 3
MC_TIER_SNAPSHOT = 4
MC_TIER_MEMORY = 5
MC_INFO_SIZE = 128
MC_CACHE_NONE = 0
MC_CACHE_HIT = 1
MC_CACHE_MISS = 2
MC_CACHE_BYPASS = 3
MC_FLAG_STALE = 1
MC_FLAG_FILLED = 2
MC_FLAG_NEGATIVE = 4
MC_FLAG_SHARED = 8
MC_FLAG_REDIS_DOWN = 16
MC_FLAG_QUARANTINED = 32
MC_FLAG_CORRUPT = 64
MC_FLAG_QUEUED = 128
MC_FLAG_REFUSED = 256
MC_WARM_MOVIES = 1
MC_WARM_BOARD = 2
MC_WARM_THEATERS = 4
MC_WARM_ALL = 7
MC_IMPORT_SKIP = 0
MC_IMPORT_REPLACE = 1
MC_TOKEN_SIZE = 2049
MC_STATS_SIZE = 512
MC_INSPECT_MOVIE = 0
MC_INSPECT_THEATER = 1
MC_INSPECT_TITLE = 2
MC_INSPECT_KEY = 3
MC_LOG_ERROR = 0
MC_LOG_WARN = 1
MC_LOG_INFO = 2
MC_LOG_DEBUG = 3
MC_SEVERITY_FINE = 0
MC_SEVERITY_NOTE = 1
MC_SEVERITY_WARNING = 2
MC_SEVERITY_ERROR = 3

# Each enumeration of the headers with its members.
ENUMS: dict[str, tuple[str, ...]] = {
    "mc_status_code": (
        "MC_OK", "MC_NOT_FOUND", "MC_E_ARG", "MC_E_RANGE", "MC_E_UTF8", "MC_E_JSON", "MC_E_DEPTH", "MC_E_FIELD",
        "MC_E_TOOBIG", "MC_E_TYPE", "MC_E_EXISTS", "MC_E_CONFLICT", "MC_E_NOMEM", "MC_E_CLOSED", "MC_E_FORKED",
        "MC_E_REENTRANT", "MC_E_INTERNAL", "MC_E_URI", "MC_E_TLS", "MC_E_OPTION", "MC_E_FILE", "MC_E_CACHE",
        "MC_E_AUTH", "MC_E_PROTO", "MC_E_CLUSTER", "MC_E_DATABASE", "MC_E_STORE", "MC_E_TIMEOUT", "MC_E_UNKNOWN",
        "MC_E_UNSUPPORTED", "MC_E_ABORT",
    ),
    "mc_tier": ("MC_TIER_NONE", "MC_TIER_REDIS", "MC_TIER_STORE", "MC_TIER_SNAPSHOT", "MC_TIER_MEMORY"),
    "mc_cache_outcome": ("MC_CACHE_NONE", "MC_CACHE_HIT", "MC_CACHE_MISS", "MC_CACHE_BYPASS"),
    "mc_info_flag": (
        "MC_FLAG_STALE", "MC_FLAG_FILLED", "MC_FLAG_NEGATIVE", "MC_FLAG_SHARED", "MC_FLAG_REDIS_DOWN",
        "MC_FLAG_QUARANTINED", "MC_FLAG_CORRUPT", "MC_FLAG_QUEUED", "MC_FLAG_REFUSED",
    ),
    "mc_warm_what": ("MC_WARM_MOVIES", "MC_WARM_BOARD", "MC_WARM_THEATERS", "MC_WARM_ALL"),
    "mc_import_mode": ("MC_IMPORT_SKIP", "MC_IMPORT_REPLACE"),
    "mc_inspected": ("MC_INSPECT_MOVIE", "MC_INSPECT_THEATER", "MC_INSPECT_TITLE", "MC_INSPECT_KEY"),
    "mc_log_level": ("MC_LOG_ERROR", "MC_LOG_WARN", "MC_LOG_INFO", "MC_LOG_DEBUG"),
    "mc_severity": ("MC_SEVERITY_FINE", "MC_SEVERITY_NOTE", "MC_SEVERITY_WARNING", "MC_SEVERITY_ERROR"),
}



class mc_error(Structure):
    """`mc_error` of the headers."""

    _fields_ = [
        ("code", c_int),
        ("tier", c_int),
        ("backend_code", c_int),
        ("retriable", c_ubyte),
        ("reserved", c_ubyte * 19),
        ("text", c_char * 480),
    ]


class mc_info(Structure):
    """`mc_info` of the headers."""

    _fields_ = [
        ("tier", c_int),
        ("cache", c_int),
        ("flags", c_uint),
        ("redis_round_trips", c_int),
        ("store_calls", c_int),
        ("reserved0", c_int),
        ("age_ms", c_int64),
        ("stale_bound_ms", c_int64),
        ("elapsed_ns", c_int64),
        ("reserved", c_ubyte * 80),
    ]


class mc_bytes(Structure):
    """`mc_bytes` of the headers."""

    _fields_ = [
        ("data", c_void_p),
        ("size", c_size_t),
    ]


class mc_option_info(Structure):
    """`mc_option_info` of the headers."""

    _fields_ = [
        ("key", c_char_p),
        ("type", c_char_p),
        ("default_value", c_char_p),
        ("range", c_char_p),
        ("help", c_char_p),
        ("env", c_char_p),
        ("secret", c_int),
        ("reserved", c_int),
    ]

mc_store_find_fn = CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p, c_int64, c_void_p)
mc_store_find_many_fn = CFUNCTYPE(c_int, c_void_p, c_char_p, POINTER(c_char_p), c_size_t, c_int64, c_void_p)
mc_store_find_unique_fn = CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p, c_void_p, c_size_t, c_int64, c_void_p)
mc_store_insert_fn = CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p, c_void_p, c_size_t, c_int64)
mc_store_replace_fn = CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p, c_void_p, c_size_t, c_void_p, c_size_t, c_int64)
mc_store_remove_fn = CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p, c_int64)
mc_store_scan_fn = CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p, c_size_t, c_int64, c_void_p)
mc_store_close_fn = CFUNCTYPE(None, c_void_p)


class mc_store(Structure):
    """`mc_store` of the headers."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("user", c_void_p),
        ("find", mc_store_find_fn),
        ("find_many", mc_store_find_many_fn),
        ("find_unique", mc_store_find_unique_fn),
        ("insert", mc_store_insert_fn),
        ("replace", mc_store_replace_fn),
        ("remove", mc_store_remove_fn),
        ("scan", mc_store_scan_fn),
        ("close", mc_store_close_fn),
    ]


class mc_progress(Structure):
    """`mc_progress` of the headers."""

    _fields_ = [
        ("stage", c_char_p),
        ("done", c_int64),
        ("total", c_int64),
        ("elapsed_ms", c_int64),
        ("reserved", c_ubyte * 32),
    ]


class mc_entry(Structure):
    """`mc_entry` of the headers."""

    _fields_ = [
        ("key", c_char_p),
        ("value", c_void_p),
        ("size", c_size_t),
    ]


class mc_stats(Structure):
    """`mc_stats` of the headers."""

    _fields_ = [
        ("reads", c_int64),
        ("hits", c_int64),
        ("negative_hits", c_int64),
        ("misses", c_int64),
        ("bypasses", c_int64),
        ("not_found", c_int64),
        ("fills", c_int64),
        ("fills_refused", c_int64),
        ("corrupt", c_int64),
        ("quarantined", c_int64),
        ("shared_loads", c_int64),
        ("lease_waits", c_int64),
        ("writes", c_int64),
        ("writes_uncontended", c_int64),
        ("writes_contended", c_int64),
        ("writes_unknown", c_int64),
        ("invalidations", c_int64),
        ("epoch_bumps", c_int64),
        ("board_rebuilds", c_int64),
        ("board_repairs", c_int64),
        ("views", c_int64),
        ("recovery_queued", c_int64),
        ("recovery_done", c_int64),
        ("recovery_lost", c_int64),
        ("recovery_pending", c_int64),
        ("redis_round_trips", c_int64),
        ("redis_errors", c_int64),
        ("redis_connects", c_int64),
        ("redis_connections", c_int64),
        ("redis_scripts_resent", c_int64),
        ("redis_up", c_int64),
        ("store_calls", c_int64),
        ("store_errors", c_int64),
        ("snapshot_hits", c_int64),
        ("snapshot_errors", c_int64),
        ("redis_switches", c_int64),
        ("redis_refusals", c_int64),
        ("redis_refusing", c_int64),
        ("store_refused", c_int64),
        ("store_up", c_int64),
        ("redis_tls_resumed", c_int64),
        ("reserved", c_int64 * 23),
    ]


mc_password_fn = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)
mc_progress_fn = CFUNCTYPE(c_int, POINTER(mc_progress), c_void_p)
mc_document_fn = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)
mc_load_fn = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int64, c_void_p)
mc_log_fn = CFUNCTYPE(None, c_int, c_char_p, c_void_p)

# Every public function: what it returns, what it takes.
FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "mc_version": (c_char_p, ()),
    "mc_version_number": (c_int, ()),
    "mc_features": (c_char_p, ()),
    "mc_status_name": (c_char_p, (c_int,)),
    "mc_status_text": (c_char_p, (c_int,)),
    "mc_tier_name": (c_char_p, (c_int,)),
    "mc_options_new": (c_void_p, ()),
    "mc_options_free": (None, (c_void_p,)),
    "mc_options_set": (c_int, (c_void_p, c_char_p, c_char_p, POINTER(mc_error))),
    "mc_options_get": (c_int, (c_void_p, c_char_p, c_char_p, c_size_t, POINTER(mc_error))),
    "mc_options_set_key_password": (c_int, (c_void_p, mc_password_fn, c_void_p, POINTER(mc_error))),
    "mc_options_load_env": (c_int, (c_void_p, POINTER(mc_error))),
    "mc_options_load_file": (c_int, (c_void_p, c_char_p, POINTER(mc_error))),
    "mc_option_at": (c_int, (c_size_t, POINTER(mc_option_info))),
    "mc_document_sink_add": (c_int, (c_void_p, c_char_p, c_size_t)),
    "mc_store_init": (None, (POINTER(mc_store), c_size_t)),
    "mc_open": (c_int, (c_void_p, POINTER(c_void_p), POINTER(mc_error))),
    "mc_open_with_store": (c_int, (c_void_p, POINTER(mc_store), POINTER(c_void_p), POINTER(mc_error))),
    "mc_close": (c_int, (c_void_p,)),
    "mc_ping": (c_int, (c_void_p, POINTER(c_int), POINTER(c_int), POINTER(mc_error))),
    "mc_invalidate_all": (c_int, (c_void_p, POINTER(mc_info), POINTER(mc_error))),
    "mc_warm": (c_int, (c_void_p, c_uint, c_int64, mc_progress_fn, c_void_p, POINTER(c_int64), POINTER(mc_error))),
    "mc_set_clock": (c_int, (c_void_p, c_int64)),
    "mc_check_movie": (c_int, (c_void_p, c_char_p, c_size_t, POINTER(mc_error))),
    "mc_check_theater": (c_int, (c_void_p, c_char_p, c_size_t, POINTER(mc_error))),
    "mc_import_movies": (c_int, (
        c_void_p, POINTER(c_char_p), POINTER(c_size_t), c_size_t, c_int, POINTER(c_int), POINTER(mc_error),
    )),
    "mc_import_theaters": (c_int, (
        c_void_p, POINTER(c_char_p), POINTER(c_size_t), c_size_t, c_int, POINTER(c_int), POINTER(mc_error),
    )),
    "mc_prepare_store": (c_int, (c_void_p, POINTER(mc_error))),
    "mc_count_movies": (c_int, (c_void_p, POINTER(c_int64), POINTER(mc_error))),
    "mc_count_theaters": (c_int, (c_void_p, POINTER(c_int64), POINTER(mc_error))),
    "mc_export_movies": (c_int, (c_void_p, mc_document_fn, c_void_p, POINTER(mc_error))),
    "mc_export_theaters": (c_int, (c_void_p, mc_document_fn, c_void_p, POINTER(mc_error))),
    "mc_session_open": (c_int, (c_void_p, c_char_p, POINTER(c_void_p), POINTER(mc_error))),
    "mc_session_token": (c_int, (c_void_p, POINTER(c_void_p), POINTER(mc_error))),
    "mc_session_accept": (c_int, (c_void_p, c_char_p, POINTER(mc_error))),
    "mc_list_size": (c_size_t, (c_void_p,)),
    "mc_list_movie": (c_void_p, (c_void_p, c_size_t)),
    "mc_list_theater": (c_void_p, (c_void_p, c_size_t)),
    "mc_list_rank": (c_int64, (c_void_p, c_size_t)),
    "mc_list_score": (c_double, (c_void_p, c_size_t)),
    "mc_list_views": (c_int64, (c_void_p, c_size_t)),
    "mc_list_distance_m": (c_double, (c_void_p, c_size_t)),
    "mc_list_location": (c_int, (c_void_p, c_size_t, POINTER(c_double), POINTER(c_double))),
    "mc_list_free": (None, (c_void_p,)),
    "mc_get_movie": (c_int, (c_void_p, c_char_p, POINTER(c_void_p), POINTER(mc_info), POINTER(mc_error))),
    "mc_get_movie_by_title": (c_int, (c_void_p, c_char_p, POINTER(c_void_p), POINTER(mc_info), POINTER(mc_error))),
    "mc_get_movies": (c_int, (
        c_void_p, POINTER(c_char_p), c_size_t, POINTER(c_void_p), POINTER(c_int), POINTER(mc_info),
        POINTER(mc_error),
    )),
    "mc_get_movie_document": (c_int, (c_void_p, c_char_p, POINTER(c_void_p), POINTER(mc_info), POINTER(mc_error))),
    "mc_movie_ref": (c_void_p, (c_void_p,)),
    "mc_movie_unref": (None, (c_void_p,)),
    "mc_movie_id": (c_char_p, (c_void_p,)),
    "mc_movie_title": (c_char_p, (c_void_p,)),
    "mc_movie_plot": (c_char_p, (c_void_p,)),
    "mc_movie_poster": (c_char_p, (c_void_p,)),
    "mc_movie_rated": (c_char_p, (c_void_p,)),
    "mc_movie_type": (c_char_p, (c_void_p,)),
    "mc_movie_year_text": (c_int, (c_void_p, c_char_p, c_size_t)),
    "mc_movie_year": (c_int, (c_void_p, POINTER(c_int))),
    "mc_movie_runtime": (c_int, (c_void_p, POINTER(c_int))),
    "mc_movie_rating": (c_int, (c_void_p, POINTER(c_double))),
    "mc_movie_votes": (c_int, (c_void_p, POINTER(c_int64))),
    "mc_movie_imdb_id": (c_int, (c_void_p, POINTER(c_int64))),
    "mc_movie_released": (c_int, (c_void_p, POINTER(c_int64))),
    "mc_movie_genre_count": (c_size_t, (c_void_p,)),
    "mc_movie_genre": (c_char_p, (c_void_p, c_size_t)),
    "mc_movie_director_count": (c_size_t, (c_void_p,)),
    "mc_movie_director": (c_char_p, (c_void_p, c_size_t)),
    "mc_movie_cast_count": (c_size_t, (c_void_p,)),
    "mc_movie_cast": (c_char_p, (c_void_p, c_size_t)),
    "mc_movie_country_count": (c_size_t, (c_void_p,)),
    "mc_movie_country": (c_char_p, (c_void_p, c_size_t)),
    "mc_movie_language_count": (c_size_t, (c_void_p,)),
    "mc_movie_language": (c_char_p, (c_void_p, c_size_t)),
    "mc_movie_json": (c_int, (c_void_p, POINTER(mc_bytes))),
    "mc_create_movie": (c_int, (
        c_void_p, c_char_p, c_size_t, POINTER(c_void_p), POINTER(mc_info), POINTER(mc_error),
    )),
    "mc_update_movie": (c_int, (
        c_void_p, c_char_p, c_char_p, c_size_t, POINTER(c_void_p), POINTER(mc_info), POINTER(mc_error),
    )),
    "mc_update_rating": (c_int, (
        c_void_p, c_char_p, c_double, POINTER(c_void_p), POINTER(mc_info), POINTER(mc_error),
    )),
    "mc_update_rating_by_title": (c_int, (
        c_void_p, c_char_p, c_double, POINTER(c_void_p), POINTER(mc_info), POINTER(mc_error),
    )),
    "mc_delete_movie": (c_int, (c_void_p, c_char_p, POINTER(mc_info), POINTER(mc_error))),
    "mc_invalidate": (c_int, (c_void_p, c_char_p, POINTER(mc_info), POINTER(mc_error))),
    "mc_invalidate_title": (c_int, (c_void_p, c_char_p, POINTER(mc_info), POINTER(mc_error))),
    "mc_top_movies": (c_int, (c_void_p, c_int64, c_int64, POINTER(c_void_p), POINTER(mc_info), POINTER(mc_error))),
    "mc_rank_movie": (c_int, (
        c_void_p, c_char_p, POINTER(c_int64), POINTER(c_double), POINTER(mc_info), POINTER(mc_error),
    )),
    "mc_record_view": (c_int, (c_void_p, c_char_p, POINTER(c_int64), POINTER(mc_info), POINTER(mc_error))),
    "mc_trending": (c_int, (c_void_p, c_int64, POINTER(c_void_p), POINTER(mc_info), POINTER(mc_error))),
    "mc_get_theater": (c_int, (c_void_p, c_char_p, POINTER(c_void_p), POINTER(mc_info), POINTER(mc_error))),
    "mc_theater_ref": (c_void_p, (c_void_p,)),
    "mc_theater_unref": (None, (c_void_p,)),
    "mc_theater_id": (c_char_p, (c_void_p,)),
    "mc_theater_number": (c_int, (c_void_p, POINTER(c_int64))),
    "mc_theater_street1": (c_char_p, (c_void_p,)),
    "mc_theater_street2": (c_char_p, (c_void_p,)),
    "mc_theater_city": (c_char_p, (c_void_p,)),
    "mc_theater_state": (c_char_p, (c_void_p,)),
    "mc_theater_zipcode": (c_char_p, (c_void_p,)),
    "mc_theater_location": (c_int, (c_void_p, POINTER(c_double), POINTER(c_double))),
    "mc_nearby_theaters": (c_int, (
        c_void_p, c_double, c_double, c_double, c_int64, POINTER(c_void_p), POINTER(mc_info), POINTER(mc_error),
    )),
    "mc_put": (c_int, (c_void_p, c_char_p, c_void_p, c_size_t, c_int64, POINTER(mc_info), POINTER(mc_error))),
    "mc_get": (c_int, (
        c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_size_t), POINTER(mc_info), POINTER(mc_error),
    )),
    "mc_remove": (c_int, (c_void_p, c_char_p, POINTER(mc_info), POINTER(mc_error))),
    "mc_free": (None, (c_void_p,)),
    "mc_value_sink_set": (c_int, (c_void_p, c_void_p, c_size_t)),
    "mc_get_or_load": (c_int, (
        c_void_p, c_char_p, c_int64, mc_load_fn, c_void_p, POINTER(c_void_p), POINTER(c_size_t), POINTER(mc_info),
        POINTER(mc_error),
    )),
    "mc_get_many_or_load": (c_int, (
        c_void_p, POINTER(c_char_p), c_size_t, c_int64, mc_load_fn, c_void_p, POINTER(c_void_p), POINTER(c_size_t),
        POINTER(c_int), POINTER(mc_info), POINTER(mc_error),
    )),
    "mc_put_many": (c_int, (
        c_void_p, POINTER(mc_entry), c_size_t, c_int64, POINTER(c_int), POINTER(mc_info), POINTER(mc_error),
    )),
    "mc_save_snapshot": (c_int, (c_void_p, POINTER(mc_entry), c_size_t, POINTER(mc_error))),
    "mc_load_snapshot": (c_int, (c_void_p, POINTER(c_size_t), POINTER(c_int64), POINTER(mc_error))),
    "mc_get_stats": (c_int, (c_void_p, POINTER(mc_stats))),
    "mc_stats_json": (c_int, (c_void_p, POINTER(c_void_p), POINTER(mc_error))),
    "mc_inspect": (c_int, (c_void_p, c_int, c_char_p, POINTER(c_void_p), POINTER(mc_error))),
    "mc_metrics_prometheus": (c_int, (c_void_p, POINTER(c_void_p), POINTER(mc_error))),
    "mc_set_log": (c_int, (c_void_p, mc_log_fn, c_int, c_void_p)),
    "mc_check": (c_int, (c_void_p, POINTER(c_void_p), POINTER(mc_error))),
    "mc_options_check": (c_int, (c_void_p, POINTER(c_void_p), POINTER(mc_error))),
    "mc_findings_size": (c_size_t, (c_void_p,)),
    "mc_findings_worst": (c_int, (c_void_p,)),
    "mc_findings_severity": (c_int, (c_void_p, c_size_t)),
    "mc_findings_code": (c_char_p, (c_void_p, c_size_t)),
    "mc_findings_text": (c_char_p, (c_void_p, c_size_t)),
    "mc_findings_advice": (c_char_p, (c_void_p, c_size_t)),
    "mc_findings_free": (None, (c_void_p,)),
}
