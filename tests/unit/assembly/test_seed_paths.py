from pampax.assembly.seed_paths import nearest, unknown_path

PATHS = ["src/pool.py", "src/queue.py", "tests/test_pool.py", "lib/pool.py", "docs/guide.md"]


def test_the_same_file_name_elsewhere_is_nearest():
    assert nearest("source/pool.py", PATHS)[:2] == ["src/pool.py", "lib/pool.py"]


def test_a_slip_of_the_keys_is_found():
    assert nearest("src/qeue.py", PATHS)[0] == "src/queue.py"


def test_nothing_near_gives_other_advice():
    error = unknown_path("zzz/yyy.xyz", "demo at main", PATHS)
    assert "zzz/yyy.xyz" in error.message
    assert "pampax search" in error.message


def test_the_error_names_path_place_and_advice():
    error = unknown_path("src/pol.py", "demo at main", PATHS)
    assert error.message.startswith(
        "seed_paths: demo at main has no indexed file 'src/pol.py'; the nearest are src/pool.py"
    )
    assert error.reason == "FILE_NOT_FOUND"


def test_a_folder_is_called_one_with_files_in_it():
    error = unknown_path("src", "demo at main", PATHS, "must_include")
    assert error.message == (
        "must_include: in demo at main 'src' is a folder; name files in it, such as src/pool.py, src/queue.py"
    )
    assert error.reason == "FILE_NOT_FOUND"
