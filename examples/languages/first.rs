// SPDX-License-Identifier: Apache-2.0
// Rust, without a crate: rustc -L DIRECTORY-OF-THE-LIBRARY first.rs
use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::ptr::{null, null_mut};

#[link(name = "mflixcache")]
extern "C" {
    fn mc_open(options: *const c_void, out: *mut *mut c_void, err: *mut c_void) -> c_int;
    fn mc_create_movie(mc: *mut c_void, json: *const c_char, size: usize, out: *mut c_void, info: *mut c_void, err: *mut c_void) -> c_int;
    fn mc_get_movie(mc: *mut c_void, id: *const c_char, out: *mut *const c_void, info: *mut c_void, err: *mut c_void) -> c_int;
    fn mc_movie_title(movie: *const c_void) -> *const c_char;
    fn mc_movie_unref(movie: *const c_void);
    fn mc_status_text(status: c_int) -> *const c_char;
    fn mc_close(mc: *mut c_void) -> c_int;
}

fn main() {
    let json = CString::new(r#"{"_id":{"$oid":"573a1393f29313caabcdc810"},"title":"Casablanca","year":1942}"#).unwrap();
    let id = CString::new("573a1393f29313caabcdc810").unwrap();
    let (mut mc, mut movie) = (null_mut(), null());
    unsafe {
        let mut status = mc_open(null(), &mut mc, null_mut());
        if status == 0 { mc_create_movie(mc, json.as_ptr(), json.as_bytes().len(), null_mut(), null_mut(), null_mut()); }
        if status == 0 { status = mc_get_movie(mc, id.as_ptr(), &mut movie, null_mut(), null_mut()); }
        println!("{}", CStr::from_ptr(if status == 0 { mc_movie_title(movie) } else { mc_status_text(status) }).to_str().unwrap());
        mc_movie_unref(movie);
        mc_close(mc);
    }
}
