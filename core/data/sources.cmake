graft_core_library(data
    SOURCES dataset.cpp split.cpp
        byte_source.cpp picture_format.cpp image_probe.cpp tiff_header.cpp jpeg_decode.cpp
        cv_decode.cpp idx_file.cpp picture_file.cpp image_reader.cpp
        resize_rows.cpp resize.cpp preprocess.cpp normalizer.cpp
        augment_spec.cpp augment_ops.cpp augment_pipeline.cpp
        picture_cache.cpp sample_loader.cpp batch.cpp batch_order.cpp batch_loader.cpp
        importers/text.cpp importers/folder_scan.cpp importers/folder_importer.cpp
        importers/table_importer.cpp importers/idx_importer.cpp importers/picture_check.cpp
        importers/importer.cpp importers/rescan.cpp
        sample_canvas.cpp sample_set.cpp archive.cpp
    LINK graft_base
    PRIVATE_LINK graft_opencv JPEG::JPEG LibArchive::LibArchive ZLIB::ZLIB)
# The inner loops of our own that every picture passes: worth vectorising.
set_source_files_properties(data/resize_rows.cpp data/augment_ops.cpp data/normalizer.cpp
    PROPERTIES COMPILE_OPTIONS -O3)
# GCC 12 warns of what its own header leaves open on purpose.
set_property(SOURCE data/resize_rows.cpp APPEND PROPERTY COMPILE_OPTIONS -Wno-maybe-uninitialized)
