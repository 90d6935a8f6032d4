# Ends with docker's codes, 127 or 126, when "$1" is not there or cannot be executed. Sourced by text before the scripts
# that start a command, because a shell's own words for it ("12: exec: foo: not found") explain nothing.
find_command() {
    case $1 in
    */*)
        [ -e "$1" ] || { echo "tapswitch: exec: \"$1\": no such file or directory" >&2; exit 127; }
        [ -f "$1" ] && [ -x "$1" ] || { echo "tapswitch: exec: \"$1\": permission denied" >&2; exit 126; }
        return
        ;;
    esac
    found= old_ifs=$IFS IFS=:
    for directory in $PATH; do
        [ -f "${directory:-.}/$1" ] || continue
        found=126
        [ -x "${directory:-.}/$1" ] && { found=0; break; }
    done
    IFS=$old_ifs
    case $found in
    0) return ;;
    126) echo "tapswitch: exec: \"$1\": permission denied" >&2; exit 126 ;;
    *) echo "tapswitch: exec: \"$1\": executable file not found in \$PATH" >&2; exit 127 ;;
    esac
}
