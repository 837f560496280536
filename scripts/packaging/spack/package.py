# A recipe for Spack (https://spack.io). It was written after Spack's guide for packages and has not been built yet; README.md,
# "Other ways to install", says how to use it.
from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class Emlib(CMakePackage):
    """Hierarchical models of behaviour, such as reinforcement learning or delay
    discounting, fitted to many people's data by EM with a Laplace E-step."""

    license("GPL-3.0-or-later")

    # There is no release to download: from a clone, by `spack develop`.
    version("0.1.0")

    variant("tests", default=False, description="Build the tests; `ctest` in the build folder runs them")

    depends_on("c", type="build")
    depends_on("cmake@3.18:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("uthash", type="build")

    depends_on("mpi")
    depends_on("hdf5@1.10:+mpi")
    depends_on("gsl")
    depends_on("jansson")
    depends_on("libcsv")
    # Models that users compile are linked with it.
    depends_on("sleef@3.5:")
    depends_on("openssl")
    depends_on("zlib-api")

    depends_on("cmocka", when="+tests")
    depends_on("mpfr", when="+tests")
    depends_on("python@3:", type="build", when="+tests")

    def cmake_args(self):
        return [
            self.define_from_variant("BUILD_TESTING", "tests"),
            # the folder of the sources will be gone
            self.define("EMLIB_SEES_SOURCE", False),
        ]
