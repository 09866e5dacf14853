# What builds the shim and is not on this machine, a line each with the command that installs it. To be sourced.
missing_tools() {
    local missing=()
    if command -v python3 >/dev/null; then
        python3 -c 'import venv, ensurepip' 2>/dev/null \
            || missing+=("python3's venv module: apt-get install python3-venv, or dnf install python3")
    else
        missing+=("python3 with venv: apt-get install python3 python3-venv, or dnf install python3")
    fi
    if ! command -v "${CXX:-g++}" >/dev/null && ! { [[ -z ${CXX:-} ]] && command -v clang++ >/dev/null; }; then
        missing+=("a C++ compiler${CXX:+ (CXX=$CXX is none)}: apt-get install g++, or dnf install gcc-c++")
    fi
    command -v cmake >/dev/null || missing+=("CMake: apt-get install cmake, or dnf install cmake")
    command -v ninja >/dev/null || missing+=("Ninja: apt-get install ninja-build, or dnf install ninja-build")
    ((${#missing[@]} == 0)) || printf '%s\n' "${missing[@]}"
}
