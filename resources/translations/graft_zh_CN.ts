<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN">
<context>
    <name>core</name>
    <message>
        <source>The stored evaluation cannot be understood.</source>
        <translation>无法解析已保存的评估结果。</translation>
    </message>
    <message>
        <source>Evaluate again.</source>
        <translation>请重新评估。</translation>
    </message>
    <message>
        <source>The model answers with values that are not numbers, so it cannot be evaluated.</source>
        <translation>模型输出了非数值（NaN），无法评估。</translation>
    </message>
    <message>
        <source>Use an earlier checkpoint, or train with a lower rate.</source>
        <translation>请使用更早的检查点，或用更低的学习率训练。</translation>
    </message>
    <message>
        <source>There is not enough memory to evaluate the model.</source>
        <translation>内存不足，无法评估模型。</translation>
    </message>
    <message>
        <source>Close other programs and try again.</source>
        <translation>请关闭其他程序后重试。</translation>
    </message>
    <message>
        <source>Evaluating the model failed.</source>
        <translation>评估模型失败。</translation>
    </message>
    <message>
        <source>The model knows %1 classes, the data has %2.</source>
        <translation>模型认识 %1 个类别，而数据有 %2 个。</translation>
    </message>
    <message>
        <source>Train again with the classes of today.</source>
        <translation>请按当前的类别重新训练。</translation>
    </message>
    <message>
        <source>Free some space on that disk, then try again.</source>
        <translation>请在该磁盘上腾出空间后重试。</translation>
    </message>
    <message>
        <source>There is no permission to use %1.</source>
        <translation>没有访问 %1 的权限。</translation>
    </message>
    <message>
        <source>Choose another folder, or change the permissions.</source>
        <translation>请选择其他文件夹，或修改权限。</translation>
    </message>
    <message>
        <source>%1 was not found.</source>
        <translation>找不到 %1。</translation>
    </message>
    <message>
        <source>Check the name, and that the drive is connected.</source>
        <translation>请检查名称，并确认驱动器已连接。</translation>
    </message>
    <message>
        <source>%1 could not be read or written.</source>
        <translation>无法读取或写入 %1。</translation>
    </message>
    <message>
        <source>Check the drive, then try again.</source>
        <translation>请检查驱动器后重试。</translation>
    </message>
    <message>
        <source>%1 was written, but the disk did not confirm it; after a power failure the version before it could come back.</source>
        <translation>%1 已写入，但磁盘没有确认；断电后可能恢复为之前的版本。</translation>
    </message>
    <message>
        <source>%1 is not a file.</source>
        <translation>%1 不是文件。</translation>
    </message>
    <message>
        <source>%1 is larger than the limit of %2.</source>
        <translation>%1 超过了 %2 的上限。</translation>
    </message>
    <message>
        <source>&quot;%1&quot; is not a choice for %2.</source>
        <translation>“%1”不是 %2 的可选值。</translation>
    </message>
    <message>
        <source>Choose one of: %1.</source>
        <translation>请从以下选项中选择：%1。</translation>
    </message>
    <message>
        <source>%1 is outside the range of %2.</source>
        <translation>%1 超出了 %2 的范围。</translation>
    </message>
    <message>
        <source>Choose a value from %1 to %2.</source>
        <translation>请选择 %1 到 %2 之间的值。</translation>
    </message>
    <message>
        <source>&quot;%1&quot; is not a value for &quot;%2&quot;.</source>
        <translation>“%1”不是“%2”的有效值。</translation>
    </message>
    <message>
        <source>There is no option &quot;%1&quot;.</source>
        <translation>没有选项“%1”。</translation>
    </message>
    <message>
        <source>The option &quot;%1&quot; has a value of the wrong kind.</source>
        <translation>选项“%1”的值类型不正确。</translation>
    </message>
    <message>
        <source>Shape and position</source>
        <translation>形状与位置</translation>
    </message>
    <message>
        <source>Light and colour</source>
        <translation>光照与颜色</translation>
    </message>
    <message>
        <source>Sharpness and gaps</source>
        <translation>清晰度与遮挡</translation>
    </message>
    <message>
        <source>Scales every range below at once; 0 switches augmentation off.</source>
        <translation>统一缩放下面所有的变化范围；0 表示关闭数据增强。</translation>
    </message>
    <message>
        <source>Smallest crop</source>
        <translation>最小裁剪面积</translation>
    </message>
    <message>
        <source>Random resized crop: the smallest share of the picture&apos;s area that is kept; 1 switches it off.</source>
        <translation>随机缩放裁剪：保留图片面积的最小比例；1 表示关闭。</translation>
    </message>
    <message>
        <source>Crop stretch</source>
        <translation>裁剪宽高比</translation>
    </message>
    <message>
        <source>Random resized crop: the largest ratio between the sides of the crop.</source>
        <translation>随机缩放裁剪：裁剪区域长宽比的最大值。</translation>
    </message>
    <message>
        <source>Mirror left-right</source>
        <translation>左右镜像</translation>
    </message>
    <message>
        <source>Probability of a horizontal flip. Leave at 0 where left and right differ, as in text.</source>
        <translation>水平翻转的概率。左右含义不同时（如文字）请保持为 0。</translation>
    </message>
    <message>
        <source>Mirror top-bottom</source>
        <translation>上下镜像</translation>
    </message>
    <message>
        <source>Probability of a vertical flip, for pictures without an up and down.</source>
        <translation>垂直翻转的概率，适用于没有上下之分的图片。</translation>
    </message>
    <message>
        <source>Random rotation by up to this angle, either way; the border is mirrored.</source>
        <translation>随机旋转，向两个方向最大到此角度；边缘以镜像填充。</translation>
    </message>
    <message>
        <source>Random zoom: a factor between 1 minus and 1 plus this.</source>
        <translation>随机缩放：倍数在 1 减此值与 1 加此值之间。</translation>
    </message>
    <message>
        <source>Random translation by up to this share of the side, in both directions.</source>
        <translation>随机平移：两个方向上最大为边长的此比例。</translation>
    </message>
    <message>
        <source>Random perspective: corners move inwards by up to this share of the side.</source>
        <translation>随机透视：四角向内移动，最大为边长的此比例。</translation>
    </message>
    <message>
        <source>Brightness factor between 1 minus and 1 plus this.</source>
        <translation>亮度倍数在 1 减此值与 1 加此值之间。</translation>
    </message>
    <message>
        <source>Contrast factor between 1 minus and 1 plus this, about the mean grey.</source>
        <translation>以平均灰度为中心，对比度倍数在 1 减此值与 1 加此值之间。</translation>
    </message>
    <message>
        <source>Saturation factor between 1 minus and 1 plus this; 0 would be grey.</source>
        <translation>饱和度倍数在 1 减此值与 1 加此值之间；0 即为灰度。</translation>
    </message>
    <message>
        <source>Turns all colours round the colour circle by up to this angle, either way.</source>
        <translation>所有颜色沿色环向两个方向旋转，最大到此角度。</translation>
    </message>
    <message>
        <source>Gaussian blur with a standard deviation of up to this, at the input size.</source>
        <translation>高斯模糊，标准差最大为此值（按输入尺寸计）。</translation>
    </message>
    <message>
        <source>Gaussian noise with a standard deviation of up to this many grey levels.</source>
        <translation>高斯噪声，标准差最大为此灰度级数。</translation>
    </message>
    <message>
        <source>Cover a part</source>
        <translation>遮挡局部</translation>
    </message>
    <message>
        <source>Random erasing: probability that a grey rectangle covers a part of the picture.</source>
        <translation>随机擦除：用灰色矩形遮住图片一部分的概率。</translation>
    </message>
    <message>
        <source>Largest covered part</source>
        <translation>最大遮挡面积</translation>
    </message>
    <message>
        <source>Random erasing: largest share of the area that is covered.</source>
        <translation>随机擦除：被遮住面积的最大比例。</translation>
    </message>
    <message>
        <source>There is no augmentation preset &quot;%1&quot;.</source>
        <translation>没有名为“%1”的增强预设。</translation>
    </message>
    <message>
        <source>The presets are none, light, medium and strong.</source>
        <translation>可用预设为 none、light、medium 和 strong。</translation>
    </message>
    <message>
        <source>The picture could not be loaded:</source>
        <translation>无法加载图片：</translation>
    </message>
    <message>
        <source>%1 is not an ordinary file.</source>
        <translation>%1 不是普通文件。</translation>
    </message>
    <message>
        <source>%1 is larger than 1 GB and was not opened.</source>
        <translation>%1 大于 1 GB，没有打开。</translation>
    </message>
    <message>
        <source>%1 changed while it was read.</source>
        <translation>%1 在读取过程中发生了变化。</translation>
    </message>
    <message>
        <source>The %1 picture is truncated or damaged.</source>
        <translation>该 %1 图片不完整或已损坏。</translation>
    </message>
    <message>
        <source>Replace the file, or leave it out.</source>
        <translation>请替换该文件，或将其排除。</translation>
    </message>
    <message>
        <source>This picture has a kind of number in it that Graft does not read.</source>
        <translation>该图片的数值类型 Graft 无法读取。</translation>
    </message>
    <message>
        <source>Save it with 8 or 16 bits per channel.</source>
        <translation>请以每通道 8 或 16 位重新保存。</translation>
    </message>
    <message>
        <source>%1 is not a usable IDX file: %2.</source>
        <translation>%1 不是可用的 IDX 文件：%2。</translation>
    </message>
    <message>
        <source>Download the file again, or leave it out.</source>
        <translation>请重新下载该文件，或将其排除。</translation>
    </message>
    <message>
        <source>There is not enough memory to read %1.</source>
        <translation>内存不足，无法读取 %1。</translation>
    </message>
    <message>
        <source>%1 holds more than 2 GB of pictures.</source>
        <translation>%1 包含超过 2 GB 的图片。</translation>
    </message>
    <message>
        <source>%1 has no picture no. %2 (it has %3).</source>
        <translation>%1 中没有第 %2 张图片（共 %3 张）。</translation>
    </message>
    <message>
        <source>Import the file again.</source>
        <translation>请重新导入该文件。</translation>
    </message>
    <message>
        <source>The %1 picture has a damaged header.</source>
        <translation>该 %1 图片的文件头已损坏。</translation>
    </message>
    <message>
        <source>the file ends before its frame header</source>
        <translation>文件在帧头之前结束</translation>
    </message>
    <message>
        <source>no frame header before the picture data</source>
        <translation>图像数据之前没有帧头</translation>
    </message>
    <message>
        <source>the file ends in its frame header</source>
        <translation>文件在帧头中结束</translation>
    </message>
    <message>
        <source>too many segments</source>
        <translation>段过多</translation>
    </message>
    <message>
        <source>no usable IHDR chunk</source>
        <translation>没有可用的 IHDR 块</translation>
    </message>
    <message>
        <source>the file ends in its header</source>
        <translation>文件在文件头中结束</translation>
    </message>
    <message>
        <source>no usable BITMAPINFO header</source>
        <translation>没有可用的 BITMAPINFO 头</translation>
    </message>
    <message>
        <source>no usable first chunk</source>
        <translation>没有可用的首个数据块</translation>
    </message>
    <message>
        <source>This is an animated WebP, which Graft does not read.</source>
        <translation>这是动态 WebP，Graft 无法读取。</translation>
    </message>
    <message>
        <source>Save one of its pictures as PNG or JPEG.</source>
        <translation>请把其中一帧另存为 PNG 或 JPEG。</translation>
    </message>
    <message>
        <source>no usable first image directory</source>
        <translation>没有可用的首个图像目录</translation>
    </message>
    <message>
        <source>This TIFF has %1 channels; Graft reads 1 to 4.</source>
        <translation>该 TIFF 有 %1 个通道；Graft 支持 1 到 4 个。</translation>
    </message>
    <message>
        <source>Save the channels that matter as an RGB picture.</source>
        <translation>请把需要的通道另存为 RGB 图片。</translation>
    </message>
    <message>
        <source>tiles larger than the pixel limit</source>
        <translation>图块超过像素上限</translation>
    </message>
    <message>
        <source>The file is empty (0 bytes).</source>
        <translation>文件为空（0 字节）。</translation>
    </message>
    <message>
        <source>This is not a picture that Graft knows.</source>
        <translation>这不是 Graft 认识的图片。</translation>
    </message>
    <message>
        <source>Graft reads JPEG, PNG, BMP, TIFF and WebP.</source>
        <translation>Graft 支持 JPEG、PNG、BMP、TIFF 和 WebP。</translation>
    </message>
    <message>
        <source>This is a %1, which Graft does not read.</source>
        <translation>这是%1，Graft 无法读取。</translation>
    </message>
    <message>
        <source>Save it as PNG or JPEG.</source>
        <translation>请另存为 PNG 或 JPEG。</translation>
    </message>
    <message>
        <source>Photoshop document</source>
        <translation> Photoshop 文档</translation>
    </message>
    <message>
        <source>Windows icon</source>
        <translation> Windows 图标</translation>
    </message>
    <message>
        <source>OpenEXR picture</source>
        <translation> OpenEXR 图片</translation>
    </message>
    <message>
        <source>Radiance HDR picture</source>
        <translation> Radiance HDR 图片</translation>
    </message>
    <message>
        <source>PDF document</source>
        <translation> PDF 文档</translation>
    </message>
    <message>
        <source>DDS texture</source>
        <translation> DDS 纹理</translation>
    </message>
    <message>
        <source>QOI picture</source>
        <translation> QOI 图片</translation>
    </message>
    <message>
        <source>SVG drawing</source>
        <translation> SVG 矢量图</translation>
    </message>
    <message>
        <source>camera raw file</source>
        <translation>相机 RAW 文件</translation>
    </message>
    <message>
        <source>GIMP document</source>
        <translation> GIMP 文档</translation>
    </message>
    <message>
        <source>PBM picture</source>
        <translation> PBM 图片</translation>
    </message>
    <message>
        <source>PGM picture</source>
        <translation> PGM 图片</translation>
    </message>
    <message>
        <source>PPM picture</source>
        <translation> PPM 图片</translation>
    </message>
    <message>
        <source>HEIC photo</source>
        <translation> HEIC 照片</translation>
    </message>
    <message>
        <source>AVIF picture</source>
        <translation> AVIF 图片</translation>
    </message>
    <message>
        <source>DICOM picture</source>
        <translation> DICOM 图像</translation>
    </message>
    <message>
        <source>a side of 0 pixels</source>
        <translation>边长为 0 像素</translation>
    </message>
    <message>
        <source>The picture has %1 megapixels; the limit is %2.</source>
        <translation>图片有 %1 百万像素；上限为 %2。</translation>
    </message>
    <message>
        <source>Save it smaller.</source>
        <translation>请缩小后保存。</translation>
    </message>
    <message>
        <source>The class folder &quot;%1&quot; holds no picture that Graft can read.</source>
        <translation>类别文件夹“%1”中没有 Graft 能读取的图片。</translation>
    </message>
    <message>
        <source>The folder lies beside the training and validation folders and was left out.</source>
        <translation>该文件夹与训练、验证文件夹并列，已被忽略。</translation>
    </message>
    <message>
        <source>The folder could not be opened: %1.</source>
        <translation>无法打开文件夹：%1。</translation>
    </message>
    <message>
        <source>Hidden files and folders are left out.</source>
        <translation>已忽略隐藏的文件和文件夹。</translation>
    </message>
    <message>
        <source>The file could not be looked at.</source>
        <translation>无法查看该文件。</translation>
    </message>
    <message>
        <source>The link points to itself.</source>
        <translation>该链接指向自身。</translation>
    </message>
    <message>
        <source>The link points to something that is not there.</source>
        <translation>该链接指向不存在的目标。</translation>
    </message>
    <message>
        <source>The name is not valid UTF-8 text; rename it to use it.</source>
        <translation>名称不是有效的 UTF-8 文本；请重命名后使用。</translation>
    </message>
    <message>
        <source>This is not an ordinary file.</source>
        <translation>这不是普通文件。</translation>
    </message>
    <message>
        <source>The link leads to a folder that is part of the data already.</source>
        <translation>该链接指向的文件夹已包含在数据中。</translation>
    </message>
    <message>
        <source>The folder was visited before under another name.</source>
        <translation>该文件夹已以其他名称访问过。</translation>
    </message>
    <message>
        <source>The folder lies too deep and was left out.</source>
        <translation>该文件夹层级过深，已被忽略。</translation>
    </message>
    <message>
        <source>This is a %1, which Graft does not read; save it as PNG or JPEG.</source>
        <translation>这是%1，Graft 无法读取；请另存为 PNG 或 JPEG。</translation>
    </message>
    <message>
        <source>This is not a picture that Graft reads.</source>
        <translation>这不是 Graft 能读取的图片。</translation>
    </message>
    <message>
        <source>Looking through the folder</source>
        <translation>正在浏览文件夹</translation>
    </message>
    <message>
        <source>There is no label file beside %1.</source>
        <translation>%1 旁边没有标签文件。</translation>
    </message>
    <message>
        <source>The labels of train-images-idx3-ubyte are expected in train-labels-idx1-ubyte.</source>
        <translation>train-images-idx3-ubyte 的标签应位于 train-labels-idx1-ubyte。</translation>
    </message>
    <message>
        <source>%1 holds %2 pictures but %3 holds %4 labels.</source>
        <translation>%1 有 %2 张图片，而 %3 有 %4 个标签。</translation>
    </message>
    <message>
        <source>Take both files from the same download.</source>
        <translation>请使用同一次下载的两个文件。</translation>
    </message>
    <message>
        <source>Reading %1</source>
        <translation>正在读取 %1</translation>
    </message>
    <message>
        <source>No picture of the class &quot;%1&quot; can be used; all are damaged or unreadable.</source>
        <translation>类别“%1”没有可用的图片，全部损坏或无法读取。</translation>
    </message>
    <message>
        <source>The class &quot;%1&quot; has no picture in training, so it cannot be learned.</source>
        <translation>类别“%1”在训练集中没有图片，无法学习。</translation>
    </message>
    <message>
        <source>Choose a folder with one folder of pictures per class (at least two), such as flowers/daisy/*.jpg and flowers/rose/*.jpg, or with train and val folders of those, or a CSV table with the columns path and label.</source>
        <translation>请选择每个类别各有一个子文件夹的图片文件夹（至少两个类别），例如 flowers/daisy/*.jpg 和 flowers/rose/*.jpg；或者包含 train 和 val 子文件夹的文件夹；或者含有 path 和 label 两列的 CSV 表格。</translation>
    </message>
    <message>
        <source>%1 holds %2 but no class folders, so there is nothing to tell apart.</source>
        <translation>%1 有 %2，但没有类别文件夹，因此无从区分。</translation>
    </message>
    <message>
        <source>%1 holds %2 of only one class (&quot;%3&quot;); at least two classes are needed.</source>
        <translation>%1 有 %2，但只属于一个类别（“%3”）；至少需要两个类别。</translation>
    </message>
    <message>
        <source>The name %1 is not valid UTF-8 text.</source>
        <translation>名称 %1 不是有效的 UTF-8 文本。</translation>
    </message>
    <message>
        <source>Rename the folder or file.</source>
        <translation>请重命名该文件夹或文件。</translation>
    </message>
    <message>
        <source>%1 is neither a folder nor a file.</source>
        <translation>%1 既不是文件夹也不是文件。</translation>
    </message>
    <message>
        <source>%1 is not something that Graft can import.</source>
        <translation>Graft 无法导入 %1。</translation>
    </message>
    <message>
        <source>Choose a folder of class folders, a CSV or TSV table, or an IDX image file.</source>
        <translation>请选择包含类别文件夹的文件夹、CSV 或 TSV 表格，或 IDX 图像文件。</translation>
    </message>
    <message>
        <source>There is not enough memory to import %1.</source>
        <translation>内存不足，无法导入 %1。</translation>
    </message>
    <message>
        <source>Close other programs, or import fewer pictures.</source>
        <translation>请关闭其他程序，或减少导入的图片。</translation>
    </message>
    <message>
        <source>%1 could not be imported.</source>
        <translation>无法导入 %1。</translation>
    </message>
    <message>
        <source>There is not enough memory for this picture.</source>
        <translation>内存不足，无法处理这张图片。</translation>
    </message>
    <message>
        <source>Checking pictures</source>
        <translation>正在检查图片</translation>
    </message>
    <message>
        <source>Looking for moved pictures</source>
        <translation>正在查找被移动的图片</translation>
    </message>
    <message>
        <source>%1 could not be looked through.</source>
        <translation>无法浏览 %1。</translation>
    </message>
    <message>
        <source>Say where the pictures are now.</source>
        <translation>请指明图片现在的位置。</translation>
    </message>
    <message>
        <source>Only %1 of %2 pictures are in %3. Nothing was changed.</source>
        <translation>%3 中只有 %2 张图片中的 %1 张。没有做任何改动。</translation>
    </message>
    <message>
        <source>Choose the folder that holds the same pictures under the same names.</source>
        <translation>请选择包含相同名称的相同图片的文件夹。</translation>
    </message>
    <message>
        <source>%1 has no column of %2 that Graft recognises.</source>
        <translation>%1 没有 Graft 能识别的 %2 列。</translation>
    </message>
    <message>
        <source>Name the columns &quot;path&quot; and &quot;label&quot;, or say which they are.</source>
        <translation>请把列命名为“path”和“label”，或指明是哪两列。</translation>
    </message>
    <message>
        <source>%1 has no column &quot;%2&quot;.</source>
        <translation>%1 没有“%2”列。</translation>
    </message>
    <message>
        <source>has no file name</source>
        <translation>没有文件名</translation>
    </message>
    <message>
        <source>is not valid UTF-8 text</source>
        <translation>不是有效的 UTF-8 文本</translation>
    </message>
    <message>
        <source>names %1, which is not there</source>
        <translation>所指的 %1 不存在</translation>
    </message>
    <message>
        <source>names %1, which is not a file</source>
        <translation>所指的 %1 不是文件</translation>
    </message>
    <message>
        <source>Line %1 %2.</source>
        <translation>第 %1 行%2。</translation>
    </message>
    <message>
        <source>%1 is written in UTF-16.</source>
        <translation>%1 采用 UTF-16 编码。</translation>
    </message>
    <message>
        <source>Save the table as CSV in UTF-8.</source>
        <translation>请把表格另存为 UTF-8 编码的 CSV。</translation>
    </message>
    <message>
        <source>%1 is not a text table.</source>
        <translation>%1 不是文本表格。</translation>
    </message>
    <message>
        <source>Reading the table</source>
        <translation>正在读取表格</translation>
    </message>
    <message>
        <source>Close other programs, or save the picture smaller.</source>
        <translation>请关闭其他程序，或缩小图片。</translation>
    </message>
    <message>
        <source>The JPEG picture is truncated or damaged.</source>
        <translation>该 JPEG 图片不完整或已损坏。</translation>
    </message>
    <message>
        <source>The picture needs more than 1.6 GB of memory and was not opened.</source>
        <translation>该图片需要超过 1.6 GB 内存，没有打开。</translation>
    </message>
    <message>
        <source>Save it smaller, or with 8 bits per channel.</source>
        <translation>请缩小，或以每通道 8 位保存。</translation>
    </message>
    <message>
        <source>The picture file is larger than 1 GB.</source>
        <translation>图片文件大于 1 GB。</translation>
    </message>
    <message>
        <source>The picture could not be read.</source>
        <translation>无法读取该图片。</translation>
    </message>
    <message>
        <source>%1 has no picture no. %2.</source>
        <translation>%1 中没有第 %2 张图片。</translation>
    </message>
    <message>
        <source>The preprocessing description is not usable: %1.</source>
        <translation>预处理说明不可用：%1。</translation>
    </message>
    <message>
        <source>A sample picture could not be encoded.</source>
        <translation>无法编码示例图片。</translation>
    </message>
    <message>
        <source>The sample pictures could not be written to %1.</source>
        <translation>无法把示例图片写入 %1。</translation>
    </message>
    <message>
        <source>Choose another folder.</source>
        <translation>请选择其他文件夹。</translation>
    </message>
    <message>
        <source>The same picture is in %1 here and in %2 as %3. The folders were followed; figures on it are too good.</source>
        <translation>同一张图片既在%1中，又以 %3 出现在%2中。划分仍按文件夹进行；其指标会偏高。</translation>
    </message>
    <message>
        <source>The same picture is &quot;%1&quot; here and &quot;%2&quot; as %3.</source>
        <translation>同一张图片在这里标为“%1”，在 %3 处标为“%2”。</translation>
    </message>
    <message>
        <source>The shares of validation and test must each be between 0 and 0.9 and leave at least 5 % for training.</source>
        <translation>验证集和测试集的比例须各在 0 到 0.9 之间，并至少为训练留下 5 %。</translation>
    </message>
    <message>
        <source>The usual choice is 0.2 for validation and 0 for test.</source>
        <translation>通常验证集取 0.2，测试集取 0。</translation>
    </message>
    <message>
        <source>%1 is not a list of pictures.</source>
        <translation>%1 不是图片列表。</translation>
    </message>
    <message>
        <source>The exported model could not be run.</source>
        <translation>导出的模型无法运行。</translation>
    </message>
    <message>
        <source>A second process for the check could not be started.</source>
        <translation>无法启动用于校验的第二个进程。</translation>
    </message>
    <message>
        <source>Close other programs, then try again.</source>
        <translation>请关闭其他程序后重试。</translation>
    </message>
    <message>
        <source>%1 could not be started.</source>
        <translation>无法启动 %1。</translation>
    </message>
    <message>
        <source>Check that Graft is installed completely.</source>
        <translation>请检查 Graft 是否完整安装。</translation>
    </message>
    <message>
        <source>The second process for the check did not answer and was ended.</source>
        <translation>用于校验的第二个进程没有响应，已被终止。</translation>
    </message>
    <message>
        <source>Try again when the computer is less busy.</source>
        <translation>请在计算机不太繁忙时重试。</translation>
    </message>
    <message>
        <source>%1 is not a package that Graft wrote, so its model was not opened: TorchScript files can run code.</source>
        <translation>%1 不是 Graft 写出的模型包，因此没有打开其中的模型：TorchScript 文件可能会运行代码。</translation>
    </message>
    <message>
        <source>Choose a folder that was exported by Graft.</source>
        <translation>请选择由 Graft 导出的文件夹。</translation>
    </message>
    <message>
        <source>There is no package folder %1.</source>
        <translation>没有模型包文件夹 %1。</translation>
    </message>
    <message>
        <source>%1 is not the file that was exported with this folder, so it was not opened: TorchScript files can run code.</source>
        <translation>%1 不是随该文件夹导出的文件，因此没有打开：TorchScript 文件可能会运行代码。</translation>
    </message>
    <message>
        <source>Export the model again.</source>
        <translation>请重新导出模型。</translation>
    </message>
    <message>
        <source>%1 could not be opened.</source>
        <translation>无法打开 %1。</translation>
    </message>
    <message>
        <source>Asking the trained model</source>
        <translation>正在运行训练好的模型</translation>
    </message>
    <message>
        <source>Checking the written file</source>
        <translation>正在校验写出的文件</translation>
    </message>
    <message>
        <source>Loading the model</source>
        <translation>正在加载模型</translation>
    </message>
    <message>
        <source>Writing the model file</source>
        <translation>正在写入模型文件</translation>
    </message>
    <message>
        <source>No folder was given for the package.</source>
        <translation>没有指定模型包的文件夹。</translation>
    </message>
    <message>
        <source>Name a new folder.</source>
        <translation>请指定一个新文件夹。</translation>
    </message>
    <message>
        <source>The program that checks an exported model was not found, so nothing was exported.</source>
        <translation>找不到校验导出模型的程序，因此没有导出。</translation>
    </message>
    <message>
        <source>The model could not be exported; nothing was left behind.</source>
        <translation>无法导出模型；没有留下任何文件。</translation>
    </message>
    <message>
        <source>The exported model could not be checked, so nothing was kept of it.</source>
        <translation>无法校验导出的模型，因此没有保留。</translation>
    </message>
    <message>
        <source>Try again; if it happens again, please report it.</source>
        <translation>请重试；如果再次出现，请报告此问题。</translation>
    </message>
    <message>
        <source>The program that checks the exported model was not found, so nothing was exported.</source>
        <translation>找不到校验导出模型的程序，因此没有导出。</translation>
    </message>
    <message>
        <source>Check that graft-cli is installed beside the window&apos;s program.</source>
        <translation>请检查 graft-cli 是否与本程序安装在一起。</translation>
    </message>
    <message>
        <source>The file was loaded in a new process, but no picture was at hand to compare its answers with.</source>
        <translation>文件已在新进程中加载，但没有可用于比较结果的图片。</translation>
    </message>
    <message>
        <source>This picture could not be prepared for the model: %1</source>
        <translation>无法为模型预处理这张图片：%1</translation>
    </message>
    <message>
        <source>the model knows another number of classes than its list of labels</source>
        <translation>模型的类别数与其标签列表不一致</translation>
    </message>
    <message>
        <source>There is not enough memory to run the model.</source>
        <translation>内存不足，无法运行模型。</translation>
    </message>
    <message>
        <source>The model could not be run on the pictures.</source>
        <translation>模型无法处理这些图片。</translation>
    </message>
    <message>
        <source>Looking at the pictures</source>
        <translation>正在识别图片</translation>
    </message>
    <message>
        <source>Choose a new folder for the package.</source>
        <translation>请为模型包选择一个新文件夹。</translation>
    </message>
    <message>
        <source>The previous version of the file is unchanged.</source>
        <translation>该文件的上一个版本保持不变。</translation>
    </message>
    <message>
        <source>Nothing was left behind.</source>
        <translation>没有留下任何文件。</translation>
    </message>
    <message>
        <source>The model could not be exported: the written form answers differently from the trained one. Nothing was written.</source>
        <translation>无法导出模型：写出的形式与训练所得模型的回答不同。没有写入任何内容。</translation>
    </message>
    <message>
        <source>Please report this with the name of the backbone.</source>
        <translation>请报告此问题，并附上骨干网络的名称。</translation>
    </message>
    <message>
        <source>The model could not be turned into a TorchScript file. Nothing was written.</source>
        <translation>无法把模型转换为 TorchScript 文件。没有写入任何内容。</translation>
    </message>
    <message>
        <source>The model could not be put into an archive.</source>
        <translation>无法把模型写入归档。</translation>
    </message>
    <message>
        <source>There is not enough memory.</source>
        <translation>内存不足。</translation>
    </message>
    <message>
        <source>Something went wrong inside Graft.</source>
        <translation>Graft 内部出错。</translation>
    </message>
    <message>
        <source>%1 is on this machine, but its content is not what was published.</source>
        <translation>%1 已在本机，但内容与发布的不符。</translation>
    </message>
    <message>
        <source>Download it anew.</source>
        <translation>请重新下载。</translation>
    </message>
    <message>
        <source>Training needs pictures of at least two classes; there are pictures to train on in %1.</source>
        <translation>训练至少需要两个类别的图片；目前有训练图片的类别数为 %1。</translation>
    </message>
    <message>
        <source>Add pictures, or change the split, on the Data page.</source>
        <translation>请在“数据”页添加图片或更改划分。</translation>
    </message>
    <message>
        <source>This project is open read-only; nothing can be trained in it.</source>
        <translation>该项目以只读方式打开，无法训练。</translation>
    </message>
    <message>
        <source>Close it where it is open for writing, then open it again.</source>
        <translation>请关闭其他正在写入该项目的窗口，然后重新打开。</translation>
    </message>
    <message>
        <source>%1 is finished already.</source>
        <translation>%1已经完成。</translation>
    </message>
    <message>
        <source>Start a new run.</source>
        <translation>请开始新的训练。</translation>
    </message>
    <message>
        <source>%1 has no trained model yet.</source>
        <translation>%1还没有训练好的模型。</translation>
    </message>
    <message>
        <source>Let it train for at least one round.</source>
        <translation>请至少训练一轮。</translation>
    </message>
    <message>
        <source>%1 pictures to check on.</source>
        <translation>%1 张用于检验的图片。</translation>
    </message>
    <message>
        <source>Change the split on the Data page.</source>
        <translation>请在“数据”页更改划分。</translation>
    </message>
    <message>
        <source>Checking the pictures for the model card</source>
        <translation>正在为模型卡片评估图片</translation>
    </message>
    <message>
        <source>A network needs at least one class.</source>
        <translation>网络至少需要一个类别。</translation>
    </message>
    <message>
        <source>%1 could not be built.</source>
        <translation>无法构建 %1。</translation>
    </message>
    <message>
        <source>The weights in %1 could not be checked.</source>
        <translation>无法检查 %1 中的权重。</translation>
    </message>
    <message>
        <source>There is not enough memory for this network.</source>
        <translation>内存不足，无法使用该网络。</translation>
    </message>
    <message>
        <source>Close other programs or choose a smaller backbone.</source>
        <translation>请关闭其他程序，或选择更小的骨干网络。</translation>
    </message>
    <message>
        <source>The network could not be built.</source>
        <translation>无法构建网络。</translation>
    </message>
    <message>
        <source>Add classes to the data first.</source>
        <translation>请先在数据中添加类别。</translation>
    </message>
    <message>
        <source>Dropout must be at least 0 and less than 1.</source>
        <translation>Dropout 须大于等于 0 且小于 1。</translation>
    </message>
    <message>
        <source>The weight file %1 has changed since it was chosen.</source>
        <translation>权重文件 %1 在选定之后发生了变化。</translation>
    </message>
    <message>
        <source>Choose the weights again if the change was meant.</source>
        <translation>如果这是有意的改动，请重新选择权重。</translation>
    </message>
    <message>
        <source>The padding &quot;%1&quot; is not resolved.</source>
        <translation>填充方式“%1”尚未确定。</translation>
    </message>
    <message>
        <source>The stored weights do not fit %1: %2 %3. The model is unchanged.</source>
        <translation>保存的权重与 %1 不匹配：%2 %3。模型保持不变。</translation>
    </message>
    <message>
        <source>%1 has no layer &quot;%2&quot;.</source>
        <translation>%1 没有层“%2”。</translation>
    </message>
    <message>
        <source>Layers are named as in the layer tree, for example &quot;%1&quot;, &quot;backbone&quot; or &quot;head&quot;.</source>
        <translation>层的名称与层级树中相同，例如“%1”、“backbone”或“head”。</translation>
    </message>
    <message>
        <source>Stage %1</source>
        <translation>阶段 %1</translation>
    </message>
    <message>
        <source>The network of 2012: very quick, but less exact than newer ones.</source>
        <translation>2012 年的网络：非常快，但不如较新的网络准确。</translation>
    </message>
    <message>
        <source>Block %1</source>
        <translation>块 %1</translation>
    </message>
    <message>
        <source>For tiny pictures of 32 px with weights learnt on CIFAR.</source>
        <translation>适合 32 px 的小图片，权重在 CIFAR 上训练得到。</translation>
    </message>
    <message>
        <source>A modern network, clearly more exact than ResNet-50 at its cost.</source>
        <translation>现代网络，计算量与 ResNet-50 相当，但明显更准确。</translation>
    </message>
    <message>
        <source>Deeper than Tiny: for many pictures and a fast machine.</source>
        <translation>比 Tiny 更深：适合图片多、机器快的情况。</translation>
    </message>
    <message>
        <source>Last norm</source>
        <translation>最后的归一化</translation>
    </message>
    <message>
        <source>Small file, exact with fine structures; common for X-ray pictures.</source>
        <translation>文件小，对细微结构准确；常用于 X 光片。</translation>
    </message>
    <message>
        <source>DenseNet-121 with more layers: a little more exact and slower.</source>
        <translation>层数更多的 DenseNet-121：略准确，也更慢。</translation>
    </message>
    <message>
        <source>Last layer</source>
        <translation>最后一层</translation>
    </message>
    <message>
        <source>Small file, exact for its size; the usual first choice of many.</source>
        <translation>文件小，同等规模下较准确；许多人的首选。</translation>
    </message>
    <message>
        <source>A step above B0: larger pictures, twice the time.</source>
        <translation>比 B0 高一级：图片更大，耗时加倍。</translation>
    </message>
    <message>
        <source>Two steps above B0, for finer details.</source>
        <translation>比 B0 高两级，适合更细的细节。</translation>
    </message>
    <message>
        <source>Large pictures and fine details; slow without a graphics card.</source>
        <translation>适合大图片和细节；没有显卡时较慢。</translation>
    </message>
    <message>
        <source>For large pictures with small details and a fast machine.</source>
        <translation>适合细节丰富的大图片和快速的机器。</translation>
    </message>
    <message>
        <source>Among the most exact here; takes large pictures and its time.</source>
        <translation>这里最准确的网络之一；需要大图片和较长时间。</translation>
    </message>
    <message>
        <source>Convolution 2</source>
        <translation>卷积 2</translation>
    </message>
    <message>
        <source>Convolution 3</source>
        <translation>卷积 3</translation>
    </message>
    <message>
        <source>An older network of parallel branches; quick and solid.</source>
        <translation>较早的并行分支网络；快速而可靠。</translation>
    </message>
    <message>
        <source>Made for larger pictures (299 px); exact, much used in medicine.</source>
        <translation>为较大的图片（299 px）设计；准确，医学领域常用。</translation>
    </message>
    <message>
        <source>Small and quick, found by search for telephones; like MobileNetV2.</source>
        <translation>小而快，为手机自动搜索得到的结构；与 MobileNetV2 相近。</translation>
    </message>
    <message>
        <source>Stage 1</source>
        <translation>阶段 1</translation>
    </message>
    <message>
        <source>Stage 2</source>
        <translation>阶段 2</translation>
    </message>
    <message>
        <source>Stage 3</source>
        <translation>阶段 3</translation>
    </message>
    <message>
        <source>Stage 4</source>
        <translation>阶段 4</translation>
    </message>
    <message>
        <source>Small, quick and exact: the best start for most photo collections.</source>
        <translation>小巧、快速、准确：大多数照片集的最佳起点。</translation>
    </message>
    <message>
        <source>The quickest of all; for small devices and first attempts.</source>
        <translation>最快的网络；适合小型设备和初次尝试。</translation>
    </message>
    <message>
        <source>As quick as MobileNetV2 and a little more exact.</source>
        <translation>与 MobileNetV2 一样快，准确率略高。</translation>
    </message>
    <message>
        <source>There is no backbone &quot;%1&quot;.</source>
        <translation>没有骨干网络“%1”。</translation>
    </message>
    <message>
        <source>As quick as MobileNetV2 on a graphics card, and about as exact.</source>
        <translation>在显卡上与 MobileNetV2 一样快，准确率相近。</translation>
    </message>
    <message>
        <source>A sturdy all-round network that fine-tunes easily.</source>
        <translation>稳健的通用网络，易于微调。</translation>
    </message>
    <message>
        <source>Like ResNet-18 with twice the depth: more exact, half as fast.</source>
        <translation>深度为 ResNet-18 的两倍：更准确，速度减半。</translation>
    </message>
    <message>
        <source>Large and exact; worth its time with many pictures or a fast machine.</source>
        <translation>大而准确；图片多或机器快时值得使用。</translation>
    </message>
    <message>
        <source>ResNet-50 at twice the depth and nearly twice the time.</source>
        <translation>深度为 ResNet-50 的两倍，耗时接近两倍。</translation>
    </message>
    <message>
        <source>The deepest ResNet; slow, for many pictures and a fast machine.</source>
        <translation>最深的 ResNet；较慢，适合图片多、机器快的情况。</translation>
    </message>
    <message>
        <source>ResNet-50 with grouped convolutions: a little more exact at the same cost.</source>
        <translation>采用分组卷积的 ResNet-50：计算量相同，略准确。</translation>
    </message>
    <message>
        <source>ResNet-50 with wider blocks: often chosen for finding defects.</source>
        <translation>块更宽的 ResNet-50：常用于缺陷检测。</translation>
    </message>
    <message>
        <source>Tiny and very quick, for weak computers; less exact.</source>
        <translation>极小且非常快，适合性能较弱的计算机；准确率较低。</translation>
    </message>
    <message>
        <source>Small and quick, between MobileNetV3 Small and MobileNetV2.</source>
        <translation>小而快，介于 MobileNetV3 Small 与 MobileNetV2 之间。</translation>
    </message>
    <message>
        <source>Small network</source>
        <translation>小型网络</translation>
    </message>
    <message>
        <source>Learns from scratch in minutes, without pretrained weights; less exact on photos.</source>
        <translation>无需预训练权重，几分钟内从头学会；对照片准确率较低。</translation>
    </message>
    <message>
        <source>Fire block %1</source>
        <translation>Fire 块 %1</translation>
    </message>
    <message>
        <source>Very small file; good first results with few pictures.</source>
        <translation>文件非常小；图片很少时也能较快得到不错的结果。</translation>
    </message>
    <message>
        <source>As good as SqueezeNet 1.0 at less than half the work.</source>
        <translation>效果与 SqueezeNet 1.0 相当，计算量不到一半。</translation>
    </message>
    <message>
        <source>A transformer that keeps the picture&apos;s layout: exact, slow without a graphics card.</source>
        <translation>保留图像空间布局的 Transformer：准确，没有显卡时较慢。</translation>
    </message>
    <message>
        <source>Layer %1</source>
        <translation>层 %1</translation>
    </message>
    <message>
        <source>A transformer; very exact with good weights, heavy, weak from scratch.</source>
        <translation>Transformer 网络；有好的权重时非常准确，计算量大，从头训练效果差。</translation>
    </message>
    <message>
        <source>Larger patches than B/16: a quarter of the work, less detail.</source>
        <translation>图块比 B/16 大：计算量为四分之一，细节较少。</translation>
    </message>
    <message>
        <source>Batch norm, %1 channels</source>
        <translation>批归一化，%1 通道</translation>
    </message>
    <message>
        <source>Layer norm, %1 channels</source>
        <translation>层归一化，%1 通道</translation>
    </message>
    <message>
        <source>Linear layer, %1 outputs</source>
        <translation>全连接层，%1 个输出</translation>
    </message>
    <message>
        <source>Head: %1 classes</source>
        <translation>分类头：%1 个类别</translation>
    </message>
    <message>
        <source>The description of the model cannot be understood.</source>
        <translation>无法解析模型描述。</translation>
    </message>
    <message>
        <source>Choose the backbone again.</source>
        <translation>请重新选择骨干网络。</translation>
    </message>
    <message>
        <source>It asks for the interpolation %1; bilinear is taken.</source>
        <translation>文件要求插值方式 %1；改用双线性插值。</translation>
    </message>
    <message>
        <source>Its mean and std cannot be understood; ImageNet&apos;s are used.</source>
        <translation>无法解析其均值和标准差；改用 ImageNet 的数值。</translation>
    </message>
    <message>
        <source>Its input size cannot be used; %1 px are taken.</source>
        <translation>其输入尺寸不可用；改用 %1 px。</translation>
    </message>
    <message>
        <source>%1 cannot work at %2 px.</source>
        <translation>%1 不支持 %2 px。</translation>
    </message>
    <message>
        <source>Choose an image size from %1 to %2 px, or 0 for the usual %3 px.</source>
        <translation>请选择 %1 到 %2 px 的图片大小，或填 0 使用默认的 %3 px。</translation>
    </message>
    <message>
        <source>The padding &quot;%1&quot; is unknown.</source>
        <translation>未知的填充方式“%1”。</translation>
    </message>
    <message>
        <source>Choose auto, symmetric or tf-same.</source>
        <translation>请选择 auto、symmetric 或 tf-same。</translation>
    </message>
    <message>
        <source>These weights are for %1, not %2.</source>
        <translation>这些权重属于 %1，而不是 %2。</translation>
    </message>
    <message>
        <source>These weights do not fit %1:</source>
        <translation>这些权重与 %1 不匹配：</translation>
    </message>
    <message>
        <source>Fits: all %1 tensors of %2 are taken over.</source>
        <translation>匹配：已采用 %2 的全部 %1 个张量。</translation>
    </message>
    <message>
        <source>The file&apos;s classifier for %1 classes is replaced by a new head for yours.</source>
        <translation>文件中 %1 类的分类头已替换为适合您类别的新分类头。</translation>
    </message>
    <message>
        <source>Left out as unknown: %1.</source>
        <translation>因未知而忽略：%1。</translation>
    </message>
    <message>
        <source>It was made for pictures of %1; its first layer is adapted to colour.</source>
        <translation>它是为 %1 的图片训练的；第一层已调整为彩色输入。</translation>
    </message>
    <message>
        <source>It was trained with TensorFlow&apos;s padding, which is used here too.</source>
        <translation>它使用 TensorFlow 的填充方式训练，这里也同样采用。</translation>
    </message>
    <message>
        <source>It asks for TensorFlow&apos;s padding, which %1 does not know here: expect it to be less exact.</source>
        <translation>它要求 TensorFlow 的填充方式，而这里的 %1 不支持：准确率可能略低。</translation>
    </message>
    <message>
        <source>Choose weights of %1, or another backbone, or train without weights. Nothing was changed.</source>
        <translation>请选择 %1 的权重，或换一个骨干网络，或不用权重训练。没有做任何改动。</translation>
    </message>
    <message>
        <source>The weight file is damaged: %1 holds values that are not finite numbers.</source>
        <translation>权重文件已损坏：%1 含有非有限数值。</translation>
    </message>
    <message>
        <source>Download or copy the file again, or choose another one.</source>
        <translation>请重新下载或复制该文件，或选择其他文件。</translation>
    </message>
    <message>
        <source>Try again later.</source>
        <translation>请稍后重试。</translation>
    </message>
    <message>
        <source>%1 does not have %2 any more.</source>
        <translation>%1 上已没有 %2。</translation>
    </message>
    <message>
        <source>A file of the same content from elsewhere does as well.</source>
        <translation>从别处取得内容相同的文件也可以。</translation>
    </message>
    <message>
        <source>%1 does not give %2 out to this machine.</source>
        <translation>%1 拒绝向本机提供 %2。</translation>
    </message>
    <message>
        <source>A filter of the network has this effect; ask who looks after it.</source>
        <translation>这可能是网络过滤所致；请咨询网络管理员。</translation>
    </message>
    <message>
        <source>The proxy wants a name and a password.</source>
        <translation>代理服务器需要用户名和密码。</translation>
    </message>
    <message>
        <source>They belong in https_proxy: http://NAME:PASSWORD@HOST:PORT.</source>
        <translation>请写入 https_proxy：http://NAME:PASSWORD@HOST:PORT。</translation>
    </message>
    <message>
        <source>%1 is too busy to answer now.</source>
        <translation>%1 现在太忙，无法响应。</translation>
    </message>
    <message>
        <source>%1 has a problem of its own and sent no file.</source>
        <translation>%1 自身出现故障，没有发送文件。</translation>
    </message>
    <message>
        <source>There is not enough room for %1: %2 more are needed and %3 free in %4.</source>
        <translation>空间不足，无法保存 %1：还需要 %2，而 %4 中剩余 %3。</translation>
    </message>
    <message>
        <source>Free some space on that disk, or choose another folder.</source>
        <translation>请在该磁盘上腾出空间，或选择其他文件夹。</translation>
    </message>
    <message>
        <source>Checking %1</source>
        <translation>正在校验 %1</translation>
    </message>
    <message>
        <source>Downloading %1</source>
        <translation>正在下载 %1</translation>
    </message>
    <message>
        <source>%1 sent another part of the file than was asked for.</source>
        <translation>%1 发送的文件片段与请求的不符。</translation>
    </message>
    <message>
        <source>%1 sends another file than %2: it is larger than the %3 that were published. Nothing of it was kept.</source>
        <translation>%1 发送的不是 %2：它比发布的 %3 更大。没有保留任何内容。</translation>
    </message>
    <message>
        <source>Try again. If it stays so, the file was replaced.</source>
        <translation>请重试。如果依然如此，说明文件已被替换。</translation>
    </message>
    <message>
        <source>%1 have come and are kept; the next attempt goes on from there.</source>
        <translation>已下载 %1 并保留；下次从断点继续。</translation>
    </message>
    <message>
        <source>The download failed inside Graft.</source>
        <translation>下载在 Graft 内部失败。</translation>
    </message>
    <message>
        <source>Check the connection, then try again.</source>
        <translation>请检查网络连接后重试。</translation>
    </message>
    <message>
        <source>%1 was not found; this machine seems to be offline.</source>
        <translation>找不到 %1；本机似乎处于离线状态。</translation>
    </message>
    <message>
        <source>The proxy of this machine was not found.</source>
        <translation>找不到本机的代理服务器。</translation>
    </message>
    <message>
        <source>Look at https_proxy in the environment.</source>
        <translation>请检查环境变量 https_proxy。</translation>
    </message>
    <message>
        <source>%1 could not be reached.</source>
        <translation>无法连接到 %1。</translation>
    </message>
    <message>
        <source>%1 sent nothing for %2 seconds.</source>
        <translation>%1 已有 %2 秒没有发送数据。</translation>
    </message>
    <message>
        <source>The server that answered could not prove to be %1 (its certificate); nothing was taken from it.</source>
        <translation>响应的服务器无法证明自己是 %1（证书问题）；没有接收任何内容。</translation>
    </message>
    <message>
        <source>Check the clock of this machine, and whether the network asks for a login first.</source>
        <translation>请检查本机时钟，以及网络是否需要先登录。</translation>
    </message>
    <message>
        <source>The connection to %1 was cut.</source>
        <translation>与 %1 的连接已中断。</translation>
    </message>
    <message>
        <source>Downloads do not work on this machine.</source>
        <translation>本机无法下载。</translation>
    </message>
    <message>
        <source>The address %1 is not a safe one (https); nothing was taken from it.</source>
        <translation>地址 %1 不安全（非 https）；没有接收任何内容。</translation>
    </message>
    <message>
        <source>Get the file in another way, or tell who publishes it.</source>
        <translation>请用其他方式获取该文件，或告知发布者。</translation>
    </message>
    <message>
        <source>%1 sends the download on and on, from address to address.</source>
        <translation>%1 反复重定向下载地址。</translation>
    </message>
    <message>
        <source>Choose a file of weights.</source>
        <translation>请选择权重文件。</translation>
    </message>
    <message>
        <source>%1 is being downloaded by another program.</source>
        <translation>%1 正由另一个程序下载。</translation>
    </message>
    <message>
        <source>Wait until it is done.</source>
        <translation>请等待其完成。</translation>
    </message>
    <message>
        <source>The disk became full while %1 came.</source>
        <translation>下载 %1 时磁盘已满。</translation>
    </message>
    <message>
        <source>What came is not %1 as it was published: its content is different. It was deleted.</source>
        <translation>下载到的内容与发布的 %1 不同，已删除。</translation>
    </message>
    <message>
        <source>Try again. If it stays so, something on the way changes downloads (a login page of the network, a filter), or the file was replaced.</source>
        <translation>请重试。如果依然如此，说明途中有东西改动了下载内容（网络登录页、过滤器），或文件已被替换。</translation>
    </message>
    <message>
        <source>%1 than a file of weights needs; reading it was stopped.</source>
        <translation>%1超出权重文件所需；已停止读取。</translation>
    </message>
    <message>
        <source>Save only the weights (the state_dict) and choose that file.</source>
        <translation>请只保存权重（state_dict），然后选择该文件。</translation>
    </message>
    <message>
        <source>This file asks Python to run %1.%2 when it is opened. Nothing of it was run.</source>
        <translation>该文件在打开时要求 Python 运行 %1.%2。没有运行其中任何内容。</translation>
    </message>
    <message>
        <source>Do not open it with other programs; get the weights from a source that you trust.</source>
        <translation>请勿用其他程序打开它；请从可信来源获取权重。</translation>
    </message>
    <message>
        <source>%1 is not a valid safetensors file: %2.</source>
        <translation>%1 不是有效的 safetensors 文件：%2。</translation>
    </message>
    <message>
        <source>The file was not changed. Download or copy it again, or choose another one.</source>
        <translation>文件没有被改动。请重新下载或复制，或选择其他文件。</translation>
    </message>
    <message>
        <source>Reading %1 failed.</source>
        <translation>读取 %1 失败。</translation>
    </message>
    <message>
        <source>There is not enough memory to read the tensors.</source>
        <translation>内存不足，无法读取张量。</translation>
    </message>
    <message>
        <source>The tensor &quot;%1&quot; cannot be written: %2.</source>
        <translation>无法写入张量“%1”：%2。</translation>
    </message>
    <message>
        <source>The header of %1 would be longer than the format allows.</source>
        <translation>%1 的文件头超过格式允许的长度。</translation>
    </message>
    <message>
        <source>A name or a note for %1 is not valid UTF-8 text.</source>
        <translation>%1 的名称或备注不是有效的 UTF-8 文本。</translation>
    </message>
    <message>
        <source>Writing %1 failed.</source>
        <translation>写入 %1 失败。</translation>
    </message>
    <message>
        <source>This file holds a Python object, not weights: save its state_dict.</source>
        <translation>该文件包含的是 Python 对象而不是权重：请保存其 state_dict。</translation>
    </message>
    <message>
        <source>In Python, where the object can be loaded: torch.save(model.state_dict(), &quot;weights.pth&quot;). Nothing of the file was run.</source>
        <translation>在能加载该对象的 Python 环境中：torch.save(model.state_dict(), &quot;weights.pth&quot;)。没有运行文件中的任何内容。</translation>
    </message>
    <message>
        <source>nothing with a name</source>
        <translation>没有任何具名内容</translation>
    </message>
    <message>
        <source>This file holds one tensor without a name, not weights.</source>
        <translation>该文件只有一个无名张量，不是权重。</translation>
    </message>
    <message>
        <source>Save the state_dict of a network.</source>
        <translation>请保存网络的 state_dict。</translation>
    </message>
    <message>
        <source>This file holds no weights that Graft finds%1.</source>
        <translation>Graft 在该文件中找不到权重%1。</translation>
    </message>
    <message>
        <source>In Python: torch.save(model.state_dict(), &quot;weights.pth&quot;).</source>
        <translation>在 Python 中：torch.save(model.state_dict(), &quot;weights.pth&quot;)。</translation>
    </message>
    <message>
        <source>The file holds tensors of a kind that Graft does not read (%1).</source>
        <translation>该文件含有 Graft 无法读取的张量类型（%1）。</translation>
    </message>
    <message>
        <source>Save the weights as ordinary tensors of floating-point numbers.</source>
        <translation>请把权重保存为普通的浮点张量。</translation>
    </message>
    <message>
        <source>The file holds more than %1 tensors.</source>
        <translation>该文件包含超过 %1 个张量。</translation>
    </message>
    <message>
        <source>Choose a file of weights for one network.</source>
        <translation>请选择单个网络的权重文件。</translation>
    </message>
    <message>
        <source>The weights were taken from &quot;%1&quot; in the file.</source>
        <translation>权重取自文件中的“%1”。</translation>
    </message>
    <message>
        <source>The file holds more modules, one in the other, than a network has.</source>
        <translation>该文件嵌套的模块数超过了网络应有的数量。</translation>
    </message>
    <message>
        <source>This TorchScript file holds no weights by name; they may have been frozen into its code, which Graft does not read.</source>
        <translation>该 TorchScript 文件没有具名权重；它们可能已固化在代码中，Graft 不读取代码。</translation>
    </message>
    <message>
        <source>Save the state_dict of the network before it is frozen.</source>
        <translation>请在固化之前保存网络的 state_dict。</translation>
    </message>
    <message>
        <source>The tensors of a TorchScript program were read; its code was not.</source>
        <translation>已读取 TorchScript 程序的张量；没有读取其代码。</translation>
    </message>
    <message>
        <source>The file holds %1, which Graft does not read.</source>
        <translation>该文件含有 %1，Graft 无法读取。</translation>
    </message>
    <message>
        <source>The file describes tensors that are far larger than itself; reading it was stopped.</source>
        <translation>该文件描述的张量远大于文件本身；已停止读取。</translation>
    </message>
    <message>
        <source>Save the weights again with tensor.contiguous().</source>
        <translation>请用 tensor.contiguous() 重新保存权重。</translation>
    </message>
    <message>
        <source>The file was packed again with compression, which PyTorch does not use.</source>
        <translation>该文件被重新压缩打包，而 PyTorch 不使用压缩。</translation>
    </message>
    <message>
        <source>Take the file as PyTorch wrote it, or unpack the archive around it.</source>
        <translation>请使用 PyTorch 写出的原始文件，或解开外层压缩包。</translation>
    </message>
    <message>
        <source>This is a zip archive, but not one of weights that PyTorch wrote.</source>
        <translation>这是 zip 压缩包，但不是 PyTorch 写出的权重。</translation>
    </message>
    <message>
        <source>Choose a .pth, .pt or .safetensors file; unpack the archive if one is in it.</source>
        <translation>请选择 .pth、.pt 或 .safetensors 文件；如果压缩包中有，请先解压。</translation>
    </message>
    <message>
        <source>The file was written on a machine with another order of bytes.</source>
        <translation>该文件是在字节序不同的机器上写出的。</translation>
    </message>
    <message>
        <source>Save it again on an ordinary machine.</source>
        <translation>请在普通机器上重新保存。</translation>
    </message>
    <message>
        <source>The catalogue of weights cannot be read: %1.</source>
        <translation>无法读取权重目录：%1。</translation>
    </message>
    <message>
        <source>It is the file that GRAFT_WEIGHT_CATALOGUE names:</source>
        <translation>它是 GRAFT_WEIGHT_CATALOGUE 指定的文件：</translation>
    </message>
    <message>
        <source>This machine names no folder for the data of programs.</source>
        <translation>本机没有指定程序数据文件夹。</translation>
    </message>
    <message>
        <source>Set HOME or XDG_DATA_HOME, or name a folder.</source>
        <translation>请设置 HOME 或 XDG_DATA_HOME，或指定文件夹。</translation>
    </message>
    <message>
        <source>%1 was saved by a PyTorch older than 0.1.10, which is not read.</source>
        <translation>%1 由早于 0.1.10 的 PyTorch 保存，无法读取。</translation>
    </message>
    <message>
        <source>Open it once in a PyTorch before 2.0 and save its state_dict again.</source>
        <translation>请在 2.0 之前的 PyTorch 中打开一次，并重新保存其 state_dict。</translation>
    </message>
    <message>
        <source>%1 holds Python objects, not weights that PyTorch saved.</source>
        <translation>%1 包含 Python 对象，而不是 PyTorch 保存的权重。</translation>
    </message>
    <message>
        <source>In Python: torch.save(model.state_dict(), &quot;weights.pth&quot;). Nothing of the file was run.</source>
        <translation>在 Python 中：torch.save(model.state_dict(), &quot;weights.pth&quot;)。没有运行文件中的任何内容。</translation>
    </message>
    <message>
        <source>Choose a .safetensors, .pth or .pt file. The file was not changed.</source>
        <translation>请选择 .safetensors、.pth 或 .pt 文件。文件没有被改动。</translation>
    </message>
    <message>
        <source>%1 is not a valid %2 file: %3.</source>
        <translation>%1 不是有效的 %2 文件：%3。</translation>
    </message>
    <message>
        <source>There is no picture number %1 in this project.</source>
        <translation>该项目中没有编号为 %1 的图片。</translation>
    </message>
    <message>
        <source>This step cannot be undone or redone.</source>
        <translation>这一步无法撤销或重做。</translation>
    </message>
    <message>
        <source>This step cannot be undone or redone: its record is damaged. Nothing was changed.</source>
        <translation>这一步无法撤销或重做：其记录已损坏。没有做任何改动。</translation>
    </message>
    <message>
        <source>%1 is damaged and cannot be used. It was left as it is.</source>
        <translation>%1 已损坏，无法使用。文件保持原样。</translation>
    </message>
    <message>
        <source>Take a copy from a backup, or import the pictures into a new project.</source>
        <translation>请使用备份，或把图片导入新项目。</translation>
    </message>
    <message>
        <source>%1 is not a Graft project. It was left as it is.</source>
        <translation>%1 不是 Graft 项目。文件保持原样。</translation>
    </message>
    <message>
        <source>Choose a .graft file that Graft has made.</source>
        <translation>请选择由 Graft 创建的 .graft 文件。</translation>
    </message>
    <message>
        <source>%1 is being used by another program, so nothing was changed.</source>
        <translation>%1 正被另一个程序使用，因此没有做任何改动。</translation>
    </message>
    <message>
        <source>Wait until the other program is done, then try again.</source>
        <translation>请等待另一个程序完成后重试。</translation>
    </message>
    <message>
        <source>There was not enough memory to work on %1; nothing was changed.</source>
        <translation>内存不足，无法处理 %1；没有做任何改动。</translation>
    </message>
    <message>
        <source>The last change could not be stored in %1; what was there before is safe.</source>
        <translation>上一次改动无法保存到 %1；之前的内容是安全的。</translation>
    </message>
    <message>
        <source>The data set cannot be stored: %1.</source>
        <translation>无法保存数据集：%1。</translation>
    </message>
    <message>
        <source>%1 is open for reading only, so it cannot be changed.</source>
        <translation>%1 以只读方式打开，无法修改。</translation>
    </message>
    <message>
        <source>Close it where it is open for changes, then open it again.</source>
        <translation>请关闭其他正在修改它的窗口，然后重新打开。</translation>
    </message>
    <message>
        <source>A class needs a name.</source>
        <translation>类别需要名称。</translation>
    </message>
    <message>
        <source>There is a class &quot;%1&quot; already.</source>
        <translation>已有名为“%1”的类别。</translation>
    </message>
    <message>
        <source>Choose another name.</source>
        <translation>请换一个名称。</translation>
    </message>
    <message>
        <source>There is no class number %1 in this project.</source>
        <translation>该项目中没有编号为 %1 的类别。</translation>
    </message>
    <message>
        <source>Take the label off %1</source>
        <translation>去掉%1的标注</translation>
    </message>
    <message>
        <source>Leave out %1</source>
        <translation>排除%1</translation>
    </message>
    <message>
        <source>Take back %1</source>
        <translation>恢复%1</translation>
    </message>
    <message>
        <source>Split the pictures anew</source>
        <translation>重新划分图片</translation>
    </message>
    <message>
        <source>Add class %1</source>
        <translation>添加类别 %1</translation>
    </message>
    <message>
        <source>Rename class %1 to %2</source>
        <translation>把类别 %1 重命名为 %2</translation>
    </message>
    <message>
        <source>Remove class %1</source>
        <translation>删除类别 %1</translation>
    </message>
    <message>
        <source>There is nothing to undo.</source>
        <translation>没有可撤销的操作。</translation>
    </message>
    <message>
        <source>There is nothing to redo.</source>
        <translation>没有可重做的操作。</translation>
    </message>
    <message>
        <source>%1 is open for changes in another window or program.</source>
        <translation>%1 已在另一个窗口或程序中打开并可修改。</translation>
    </message>
    <message>
        <source>Close it there, or open it here for reading only.</source>
        <translation>请在那边关闭，或在这里以只读方式打开。</translation>
    </message>
    <message>
        <source>A run needs a name.</source>
        <translation>训练记录需要名称。</translation>
    </message>
    <message>
        <source>%1 was made by a newer version of Graft. It was left as it is.</source>
        <translation>%1 由更新版本的 Graft 创建。文件保持原样。</translation>
    </message>
    <message>
        <source>Open it with a newer Graft.</source>
        <translation>请用更新版本的 Graft 打开。</translation>
    </message>
    <message>
        <source>%1 was made by an older version of Graft and has to be brought up to date before it can be read.</source>
        <translation>%1 由较旧版本的 Graft 创建，需要先升级才能读取。</translation>
    </message>
    <message>
        <source>Open it once for changes, from a folder that can be written.</source>
        <translation>请在可写的文件夹中以可修改方式打开一次。</translation>
    </message>
    <message>
        <source>%1 exists already. It was left as it is.</source>
        <translation>%1 已存在。文件保持原样。</translation>
    </message>
    <message>
        <source>Open it, or choose another name.</source>
        <translation>请打开它，或换一个名称。</translation>
    </message>
    <message>
        <source>The folder %1 was not found.</source>
        <translation>找不到文件夹 %1。</translation>
    </message>
    <message>
        <source>Make the folder first, or choose another one.</source>
        <translation>请先创建该文件夹，或选择其他文件夹。</translation>
    </message>
    <message>
        <source>%1 of the pictures that %2 started with are no longer in the project.</source>
        <translation>%2开始时的图片中有 %1 张已不在项目中。</translation>
    </message>
    <message>
        <source>%1 is open for reading only.</source>
        <translation>%1 以只读方式打开。</translation>
    </message>
    <message>
        <source>There is no run number %1 in this project.</source>
        <translation>该项目中没有编号为 %1 的训练记录。</translation>
    </message>
    <message>
        <source>The program ended while this run was under way.</source>
        <translation>程序在这次训练进行时退出了。</translation>
    </message>
    <message>
        <source>The checkpoint %1 is damaged.</source>
        <translation>检查点 %1 已损坏。</translation>
    </message>
    <message>
        <source>An older checkpoint of the run is used where there is one.</source>
        <translation>如有更早的检查点，将使用它。</translation>
    </message>
    <message>
        <source>%1 is not a checkpoint of Graft.</source>
        <translation>%1 不是 Graft 的检查点。</translation>
    </message>
    <message>
        <source>Choose a file from the project&apos;s files folder.</source>
        <translation>请从项目的文件目录中选择文件。</translation>
    </message>
    <message>
        <source>%1 was written by a newer Graft.</source>
        <translation>%1 由更新版本的 Graft 写出。</translation>
    </message>
    <message>
        <source>Update Graft to open it.</source>
        <translation>请更新 Graft 后打开。</translation>
    </message>
    <message>
        <source>The run in %1 has no usable checkpoint.</source>
        <translation>%1 中的训练没有可用的检查点。</translation>
    </message>
    <message>
        <source>Start the run again.</source>
        <translation>请重新开始这次训练。</translation>
    </message>
    <message>
        <source>The checkpoint holds a tensor of an unknown kind.</source>
        <translation>检查点含有未知类型的张量。</translation>
    </message>
    <message>
        <source>for the first one alone</source>
        <translation>（仅首轮）</translation>
    </message>
    <message>
        <source>for the first %1 alone</source>
        <translation>（仅前 %1 轮）</translation>
    </message>
    <message>
        <source>about %1 in all, %2 an epoch%3, at most %4 of memory</source>
        <translation>共约 %1，每轮 %2%3，最多占用 %4 内存</translation>
    </message>
    <message>
        <source>, %1 of the %2 pictures of a step at a time</source>
        <translation>，每次处理每步 %2 张图片中的 %1 张</translation>
    </message>
    <message>
        <source>Measuring a few steps</source>
        <translation>正在试跑几步以作测量</translation>
    </message>
    <message>
        <source>There is not enough memory to try this training.</source>
        <translation>内存不足，无法试运行这次训练。</translation>
    </message>
    <message>
        <source>Close other programs, or choose a smaller network or picture size.</source>
        <translation>请关闭其他程序，或选择更小的网络或图片大小。</translation>
    </message>
    <message>
        <source>Trying the training failed.</source>
        <translation>试运行训练失败。</translation>
    </message>
    <message>
        <source>These pictures also chose the best round, so the figure is slightly optimistic; a test split gives a fair one.</source>
        <translation>最佳轮次也是用这些图片选出的，因此结果略偏乐观；用测试集可得到公允的结果。</translation>
    </message>
    <message>
        <source>The model was trained on these very pictures.</source>
        <translation>模型正是用这些图片训练的。</translation>
    </message>
    <message>
        <source>%1 pictures belong to classes that this model does not know.</source>
        <translation>有 %1 张图片属于该模型不认识的类别。</translation>
    </message>
    <message>
        <source>This network has no layer &quot;%1&quot;; nothing was changed.</source>
        <translation>该网络没有层“%1”；没有做任何改动。</translation>
    </message>
    <message>
        <source>Use a name from the layer tree, &quot;backbone&quot; or &quot;head&quot;.</source>
        <translation>请使用层级树中的名称，或“backbone”、“head”。</translation>
    </message>
    <message>
        <source>A classifier needs at least two classes.</source>
        <translation>分类器至少需要两个类别。</translation>
    </message>
    <message>
        <source>Features and targets must be of the same pictures.</source>
        <translation>特征与目标必须对应相同的图片。</translation>
    </message>
    <message>
        <source>The strength of the regularisation must be more than 0.</source>
        <translation>正则化强度必须大于 0。</translation>
    </message>
    <message>
        <source>A target is not one of the classes.</source>
        <translation>有目标值不在类别之中。</translation>
    </message>
    <message>
        <source>The features are not finite numbers.</source>
        <translation>特征含有非有限数值。</translation>
    </message>
    <message>
        <source>The model in %1 could not be built.</source>
        <translation>无法构建 %1 中的模型。</translation>
    </message>
    <message>
        <source>The checkpoint&apos;s optimiser state does not fit this network.</source>
        <translation>检查点中的优化器状态与该网络不匹配。</translation>
    </message>
    <message>
        <source>The weights became infinite or not a number by step %1. The last good state is kept.</source>
        <translation>到第 %1 步时权重变为无穷大或非数值。已保留最后的正常状态。</translation>
    </message>
    <message>
        <source>Resume with a lower learning rate, a tenth of the present one say.</source>
        <translation>请降低学习率后继续，例如降为当前的十分之一。</translation>
    </message>
    <message>
        <source>This training would need %1 more memory, but only %2 are free. Nothing was started.</source>
        <translation>这次训练还需要 %1 内存，但可用内存只有 %2。没有启动训练。</translation>
    </message>
    <message>
        <source>About %1 of the %2 pictures of a step fit at once: choose a batch size of that or less, or 0 (auto), which computes a step in parts.</source>
        <translation>每步 %2 张图片中一次约能容纳 %1 张：请选择不超过它的批大小，或填 0（自动），把一步分批计算。</translation>
    </message>
    <message>
        <source>Not even a small batch fits: close other programs, or choose a smaller network or picture size, or freeze more of the network.</source>
        <translation>即使很小的批也放不下：请关闭其他程序，或选择更小的网络或图片大小，或冻结更多层。</translation>
    </message>
    <message>
        <source>A step needs at least two pictures, since batch normalisation compares them.</source>
        <translation>每步至少需要两张图片，因为批归一化要在图片之间比较。</translation>
    </message>
    <message>
        <source>Choose 2 or more pictures per step, or 0 to let Graft choose.</source>
        <translation>请选择每步 2 张或更多图片，或填 0 由 Graft 决定。</translation>
    </message>
    <message>
        <source>Other programs use the processor: this run computes on %1 of %2 threads, which is faster now.</source>
        <translation>其他程序正在占用处理器：本次训练使用 %2 个线程中的 %1 个，目前这样更快。</translation>
    </message>
    <message>
        <source>Memory is short: each step of %1 pictures is computed in %2 parts whose gradients are added up. The result is that of the whole step, except that batch normalisation sees the pictures of a part only.</source>
        <translation>内存不足：每步 %1 张图片分 %2 批计算并累加梯度。结果与整步计算相同，只是批归一化每次只看到一批图片。</translation>
    </message>
    <message>
        <source>Measuring time and memory</source>
        <translation>正在测量时间和内存</translation>
    </message>
    <message>
        <source>The value %1 is out of range.</source>
        <translation>值 %1 超出范围。</translation>
    </message>
    <message>
        <source>This network has no layer &quot;%1&quot;.</source>
        <translation>该网络没有层“%1”。</translation>
    </message>
    <message>
        <source>Some frozen parts are computed anew in every round, because layers in front of them still learn: %1.</source>
        <translation>一些冻结的部分每轮都要重新计算，因为位于它们之前的层仍在学习：%1。</translation>
    </message>
    <message>
        <source>There is no room for the features of frozen parts; they are computed in every round.</source>
        <translation>没有空间保存冻结部分的特征；每轮都会重新计算。</translation>
    </message>
    <message>
        <source>, %1 variants of each</source>
        <translation>，每张 %1 个变体</translation>
    </message>
    <message>
        <source>Frozen parts do not change, so their work is done once and kept: %1 pictures%2, %3.</source>
        <translation>冻结部分不会变化，因此其计算只做一次并保留：%1 张图片%2，%3。</translation>
    </message>
    <message>
        <source>The loader ended before the features did.</source>
        <translation>数据加载先于特征计算结束。</translation>
    </message>
    <message>
        <source>There is no room for the features of frozen parts.</source>
        <translation>没有空间保存冻结部分的特征。</translation>
    </message>
    <message>
        <source>The feature cache is no longer written to the disk; training goes on. %1</source>
        <translation>特征缓存不再写入磁盘；训练继续。%1</translation>
    </message>
    <message>
        <source>Round %1: %2</source>
        <translation>第 %1 轮：%2</translation>
    </message>
    <message>
        <source>Checking on validation pictures</source>
        <translation>正在用验证图片检验</translation>
    </message>
    <message>
        <source>Now %1 right on %2 validation pictures</source>
        <translation>目前在 %2 张验证图片上识别正确 %1</translation>
    </message>
    <message>
        <source>, going on from a checkpoint</source>
        <translation>，从检查点继续</translation>
    </message>
    <message>
        <source>%1 training and %2 validation pictures, %3 trainable numbers in %4, computing in %5; %6</source>
        <translation>%1 张训练图片和 %2 张验证图片，%4 中 %3 个可训练参数，计算精度 %5；%6</translation>
    </message>
    <message>
        <source>Learning rate %1</source>
        <translation>学习率 %1</translation>
    </message>
    <message>
        <source>Rate of %1 x %2</source>
        <translation>%1 的学习率 × %2</translation>
    </message>
    <message>
        <source>Freeze %1</source>
        <translation>冻结 %1</translation>
    </message>
    <message>
        <source>Thaw %1</source>
        <translation>解冻 %1</translation>
    </message>
    <message>
        <source>Augmentation strength %1</source>
        <translation>增强强度 %1</translation>
    </message>
    <message>
        <source>Save now</source>
        <translation>立即保存</translation>
    </message>
    <message>
        <source>Evaluate now</source>
        <translation>立即评估</translation>
    </message>
    <message>
        <source>The run&apos;s edit log holds an unknown edit.</source>
        <translation>训练的修改日志中有未知的修改。</translation>
    </message>
    <message>
        <source>The run&apos;s edit log is damaged.</source>
        <translation>训练的修改日志已损坏。</translation>
    </message>
    <message>
        <source>How often every training picture is seen (epochs). Automatic (0): 10 with pretrained weights, 40 without.</source>
        <translation>每张训练图片被看到的次数（epoch）。自动（0）：有预训练权重时为 10，没有时为 40。</translation>
    </message>
    <message>
        <source>Pictures per step</source>
        <translation>每步图片数</translation>
    </message>
    <message>
        <source>How many pictures one update looks at (batch size). Smaller needs less memory. Automatic (0): 32, computed in parts where memory is short.</source>
        <translation>每次更新所用的图片数（batch size）。越小占用内存越少。自动（0）：32，内存不足时分批计算。</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>Size of an update of the new part (learning rate of the head).</source>
        <translation>新加部分每次更新的幅度（分类头的学习率）。</translation>
    </message>
    <message>
        <source>Rounds for the new part first</source>
        <translation>先训练新部分的轮数</translation>
    </message>
    <message>
        <source>First epochs that train the new part (head) only; then the rest thaws.</source>
        <translation>最初只训练新加部分（分类头）的轮数，之后解冻其余部分。</translation>
    </message>
    <message>
        <source>Stop after rounds without gain</source>
        <translation>无提升多少轮后停止</translation>
    </message>
    <message>
        <source>Early stopping: end when so many epochs bring nothing better; 0 never stops.</source>
        <translation>早停：连续这么多轮没有提升就结束；0 表示不提前停止。</translation>
    </message>
    <message>
        <source>Uneven classes</source>
        <translation>类别不均衡</translation>
    </message>
    <message>
        <source>What is done when classes have different numbers of pictures.</source>
        <translation>各类别图片数量不同时的处理方式。</translation>
    </message>
    <message>
        <source>Leave as they are</source>
        <translation>保持原样</translation>
    </message>
    <message>
        <source>Rare classes count more (class weights)</source>
        <translation>稀有类别权重更大（类别加权）</translation>
    </message>
    <message>
        <source>Show rare classes more often (balanced sampling)</source>
        <translation>更多地展示稀有类别（均衡采样）</translation>
    </message>
    <message>
        <source>Update rule</source>
        <translation>更新规则</translation>
    </message>
    <message>
        <source>The optimiser.</source>
        <translation>优化器。</translation>
    </message>
    <message>
        <source>SGD with Nesterov momentum</source>
        <translation>带 Nesterov 动量的 SGD</translation>
    </message>
    <message>
        <source>Speed of the pretrained part</source>
        <translation>预训练部分的学习速度</translation>
    </message>
    <message>
        <source>With pretrained weights, all but the head learns at this share of the learning rate.</source>
        <translation>有预训练权重时，除分类头以外的部分按学习率的此比例学习。</translation>
    </message>
    <message>
        <source>Momentum of SGD.</source>
        <translation>SGD 的动量。</translation>
    </message>
    <message>
        <source>Pull towards zero</source>
        <translation>权重衰减</translation>
    </message>
    <message>
        <source>Weight decay (L2); biases and norms are left out.</source>
        <translation>权重衰减（L2）；不作用于偏置和归一化层。</translation>
    </message>
    <message>
        <source>Label smoothing</source>
        <translation>标签平滑</translation>
    </message>
    <message>
        <source>Share of certainty that is spread over the other classes.</source>
        <translation>把这一比例的置信度分摊到其他类别。</translation>
    </message>
    <message>
        <source>Course of the learning rate</source>
        <translation>学习率变化曲线</translation>
    </message>
    <message>
        <source>How the learning rate changes over the run (schedule).</source>
        <translation>学习率在训练过程中如何变化（调度）。</translation>
    </message>
    <message>
        <source>Falls smoothly (cosine)</source>
        <translation>平滑下降（余弦）</translation>
    </message>
    <message>
        <source>Falls in steps</source>
        <translation>阶梯下降</translation>
    </message>
    <message>
        <source>Stays the same</source>
        <translation>保持不变</translation>
    </message>
    <message>
        <source>Gentle start</source>
        <translation>缓慢起步</translation>
    </message>
    <message>
        <source>Share of all steps during which the rate rises (warm-up).</source>
        <translation>学习率逐渐升高的步数占总步数的比例（warm-up）。</translation>
    </message>
    <message>
        <source>Rounds per step</source>
        <translation>每级轮数</translation>
    </message>
    <message>
        <source>For the step schedule: epochs between two drops.</source>
        <translation>用于阶梯调度：两次下降之间的轮数。</translation>
    </message>
    <message>
        <source>Factor per step</source>
        <translation>每级倍数</translation>
    </message>
    <message>
        <source>For the step schedule: the rate is multiplied by this.</source>
        <translation>用于阶梯调度：每次把学习率乘以此值。</translation>
    </message>
    <message>
        <source>Computing in</source>
        <translation>计算精度</translation>
    </message>
    <message>
        <source>Computing on</source>
        <translation>计算设备</translation>
    </message>
    <message>
        <source>Automatic takes a graphics card where this Graft and the machine have one (CUDA), else the processor. On a card, a run does not repeat to the last bit.</source>
        <translation>自动：若本程序支持且电脑装有显卡 (CUDA) 则使用显卡，否则使用处理器。在显卡上，重复训练的结果不会逐位相同。</translation>
    </message>
    <message>
        <source>Processor</source>
        <translation>处理器</translation>
    </message>
    <message>
        <source>Graphics card (CUDA)</source>
        <translation>显卡 (CUDA)</translation>
    </message>
    <message>
        <source>Number type of training. Automatic measures at the start whether 16 bits are faster on this machine; fp32 repeats to the last bit on a processor; fp16 is for older graphics cards.</source>
        <translation>训练所用的数字类型。自动：开始时测量 16 位在本机上是否更快；fp32 在处理器上可逐位重复；fp16 用于较旧的显卡。</translation>
    </message>
    <message>
        <source>16 bits, narrow range (fp16)</source>
        <translation>16 位，范围较窄 (fp16)</translation>
    </message>
    <message>
        <source>This run computes on the graphics card.</source>
        <translation>本次训练在显卡上计算。</translation>
    </message>
    <message>
        <source>The graphics card has too little memory for a whole step: it is computed in parts of at most %1 pictures whose gradients are added up. Batch normalisation sees the pictures of a part only.</source>
        <translation>显存不足以一次完成整个步骤：每步分成若干部分计算，每部分至多 %1 张图片，梯度相加。批归一化只能看到一部分的图片。</translation>
    </message>
    <message>
        <source>Numbers became too large for fp16: this run computes in fp32 from here on.</source>
        <translation>数值超出 fp16 的范围：本次训练从这里起用 fp32 计算。</translation>
    </message>
    <message>
        <source>No graphics card can be used now: this run goes on on the processor, more slowly.</source>
        <translation>现在没有可用的显卡：本次训练改用处理器继续，速度较慢。</translation>
    </message>
    <message>
        <source>There is no device &quot;%1&quot;.</source>
        <translation>没有设备“%1”。</translation>
    </message>
    <message>
        <source>Choose auto, cpu or cuda.</source>
        <translation>请选择 auto、cpu 或 cuda。</translation>
    </message>
    <message>
        <source>LibTorch finds no graphics card that it can compute on.</source>
        <translation>LibTorch 找不到可用于计算的显卡。</translation>
    </message>
    <message>
        <source>This Graft was built with a LibTorch that has no CUDA.</source>
        <translation>本程序所用的 LibTorch 不支持 CUDA。</translation>
    </message>
    <message>
        <source>Check that the card&apos;s driver works (nvidia-smi), or compute on the processor.</source>
        <translation>请检查显卡驱动是否正常 (nvidia-smi)，或改用处理器计算。</translation>
    </message>
    <message>
        <source>Compute on the processor, or build Graft with a LibTorch that has CUDA (-DGRAFT_LIBTORCH=FOLDER).</source>
        <translation>请用处理器计算，或用支持 CUDA 的 LibTorch 构建 Graft (-DGRAFT_LIBTORCH=FOLDER)。</translation>
    </message>
    <message>
        <source>Computing in fp16 needs a graphics card.</source>
        <translation>用 fp16 计算需要显卡。</translation>
    </message>
    <message>
        <source>Choose bf16, fp32 or auto.</source>
        <translation>请选择 bf16、fp32 或 auto。</translation>
    </message>
    <message>
        <source>The graphics card has too little memory for this training. Its last checkpoint is kept.</source>
        <translation>显存不足以进行本次训练。最近的检查点已保留。</translation>
    </message>
    <message>
        <source>Close other programs that use the card, or start a run with smaller pictures or on the processor.</source>
        <translation>请关闭其他占用显卡的程序，或用较小的图片或处理器另开一次训练。</translation>
    </message>
    <message>
        <source>32 bits (fp32)</source>
        <translation>32 位 (fp32)</translation>
    </message>
    <message>
        <source>16 bits where it is safe (bf16)</source>
        <translation>安全处用 16 位 (bf16)</translation>
    </message>
    <message>
        <source>Random seed</source>
        <translation>随机种子</translation>
    </message>
    <message>
        <source>The same seed, data and options give the same result.</source>
        <translation>相同的种子、数据和选项得到相同的结果。</translation>
    </message>
    <message>
        <source>Threads that read pictures</source>
        <translation>读图线程数</translation>
    </message>
    <message>
        <source>Automatic (-1): one for each core but one. The result does not depend on it.</source>
        <translation>自动（-1）：核心数减一。结果与此无关。</translation>
    </message>
    <message>
        <source>Parts per step</source>
        <translation>每步分批数</translation>
    </message>
    <message>
        <source>Computes each step in so many parts and adds their gradients up (gradient accumulation): less memory, the same update, except that batch normalisation sees one part at a time. Automatic (0): only where memory is short.</source>
        <translation>把每一步分成若干批计算并累加梯度（梯度累积）：内存更少，更新相同，只是批归一化每次只看到一批。自动（0）：仅在内存不足时使用。</translation>
    </message>
    <message>
        <source>Variants of each picture</source>
        <translation>每张图片的变体数</translation>
    </message>
    <message>
        <source>How many randomly changed versions of each training picture are made; the rounds take turns with them, so that the work of frozen parts on them is done once. More is closer to new changes every round, and slower. Automatic (-1): 1 without changes, 2 with mirroring only, else 8, where a part is frozen. 0: new ones every round.</source>
        <translation>为每张训练图片生成多少个随机变化的版本；各轮轮流使用，使冻结部分只需计算一次。数量越多越接近每轮都重新变化，但也越慢。自动（-1）：有冻结部分时，不变化为 1，只有镜像为 2，其他为 8。0：每轮都重新生成。</translation>
    </message>
    <message>
        <source>Keep the work of frozen parts</source>
        <translation>保留冻结部分的计算结果</translation>
    </message>
    <message>
        <source>What frozen parts make of a picture is computed once and kept (feature cache).</source>
        <translation>冻结部分对图片的计算结果只算一次并保留（特征缓存）。</translation>
    </message>
    <message>
        <source>In memory, then on the disk</source>
        <translation>先内存，后磁盘</translation>
    </message>
    <message>
        <source>In memory only</source>
        <translation>仅内存</translation>
    </message>
    <message>
        <source>Room on the disk for it</source>
        <translation>可用磁盘空间</translation>
    </message>
    <message>
        <source>Most that the feature cache takes on the disk. Automatic (-1): a tenth of what is free.</source>
        <translation>特征缓存最多占用的磁盘空间。自动（-1）：剩余空间的十分之一。</translation>
    </message>
    <message>
        <source>Save at least every (seconds)</source>
        <translation>最长保存间隔（秒）</translation>
    </message>
    <message>
        <source>A checkpoint is written at least this often, and after each epoch.</source>
        <translation>至少每隔这么久写一次检查点，每轮结束时也会写。</translation>
    </message>
    <message>
        <source>Save every so many steps</source>
        <translation>每隔多少步保存</translation>
    </message>
    <message>
        <source>Additional checkpoints by step count; 0 writes none.</source>
        <translation>按步数额外写入检查点；0 表示不写。</translation>
    </message>
    <message>
        <source>Training needs at least two classes.</source>
        <translation>训练至少需要两个类别。</translation>
    </message>
    <message>
        <source>Add pictures of another class on the Data page.</source>
        <translation>请在“数据”页添加另一个类别的图片。</translation>
    </message>
    <message>
        <source>There are fewer than two pictures to train on.</source>
        <translation>可用于训练的图片不足两张。</translation>
    </message>
    <message>
        <source>Add pictures, or give some the split &quot;train&quot; on the Data page.</source>
        <translation>请添加图片，或在“数据”页把部分图片划入训练集。</translation>
    </message>
    <message>
        <source>Everything is frozen: there is nothing to train.</source>
        <translation>全部已冻结：没有可训练的内容。</translation>
    </message>
    <message>
        <source>Thaw at least the new part (head) on the Model page.</source>
        <translation>请在“模型”页至少解冻新加的部分（分类头）。</translation>
    </message>
    <message>
        <source>The loader ended before the epoch did.</source>
        <translation>数据加载先于本轮结束。</translation>
    </message>
    <message>
        <source>The loss became infinite or not a number at step %1. The last good state is kept.</source>
        <translation>第 %1 步时损失变为无穷大或非数值。已保留最后的正常状态。</translation>
    </message>
    <message>
        <source>The new part is trained; the rest of the network learns from here on.</source>
        <translation>新加的部分已训练好；从现在起网络的其余部分开始学习。</translation>
    </message>
    <message>
        <source>Training is paused: %1</source>
        <translation>训练已暂停：%1</translation>
    </message>
    <message>
        <source>Going on</source>
        <translation>继续进行</translation>
    </message>
    <message>
        <source>Stopped; it can go on from here</source>
        <translation>已停止，可从此处继续</translation>
    </message>
    <message>
        <source>Stopped; it can go on from the last checkpoint. %1</source>
        <translation>已停止，可从最后的检查点继续。%1</translation>
    </message>
    <message>
        <source>Computing the features of frozen parts, once</source>
        <translation>正在计算冻结部分的特征（仅一次）</translation>
    </message>
    <message>
        <source>No better round for %1 rounds</source>
        <translation>连续 %1 轮没有提升</translation>
    </message>
    <message>
        <source>All rounds done</source>
        <translation>已完成全部轮次</translation>
    </message>
    <message>
        <source>There is not enough memory for this training. Its last checkpoint is kept.</source>
        <translation>内存不足，无法继续训练。已保留最后的检查点。</translation>
    </message>
    <message>
        <source>Choose a smaller batch or picture size, then start again.</source>
        <translation>请减小批大小或图片大小后重新开始。</translation>
    </message>
    <message>
        <source>Training stopped because of a fault. Its last checkpoint is kept.</source>
        <translation>训练因故障停止。已保留最后的检查点。</translation>
    </message>
    <message>
        <source>Resume the run; if it happens again, report the details.</source>
        <translation>请继续这次训练；如果再次出现，请报告详情。</translation>
    </message>
    <message>
        <source>The disk is full: %1 could not be written. The previous version of the file is unchanged.</source>
        <translation>磁盘已满：无法写入 %1。该文件的上一个版本保持不变。</translation>
    </message>
    <message>
        <source>The disk is full: %1 could not be written (%2 free). The previous version of the file is unchanged.</source>
        <translation>磁盘已满：无法写入 %1（剩余 %2）。该文件的上一个版本保持不变。</translation>
    </message>
    <message>
        <source>The disk is full: %1 could not be written (%2 free, at least %3 needed). The previous version of the file is unchanged.</source>
        <translation>磁盘已满：无法写入 %1（剩余 %2，至少需要 %3）。该文件的上一个版本保持不变。</translation>
    </message>
    <message>
        <source>The disk is full: %1 could not be written. Nothing was left behind.</source>
        <translation>磁盘已满：无法写入 %1。没有留下任何文件。</translation>
    </message>
    <message>
        <source>The disk is full: %1 could not be written (%2 free). Nothing was left behind.</source>
        <translation>磁盘已满：无法写入 %1（剩余 %2）。没有留下任何文件。</translation>
    </message>
    <message>
        <source>The disk is full: %1 could not be written (%2 free, at least %3 needed). Nothing was left behind.</source>
        <translation>磁盘已满：无法写入 %1（剩余 %2，至少需要 %3）。没有留下任何文件。</translation>
    </message>
    <message>
        <source>%1 is a folder, not a picture file.</source>
        <translation>%1 是文件夹，不是图片文件。</translation>
    </message>
    <message>
        <source>%1 is a folder with something in it; it was left as it is.</source>
        <translation>%1 是非空文件夹，保持原样。</translation>
    </message>
    <message>
        <source>%1 is a file; it was left as it is.</source>
        <translation>%1 是文件，保持原样。</translation>
    </message>
    <message>
        <source>%1 is empty.</source>
        <translation>%1 是空文件。</translation>
    </message>
    <message>
        <source>%1 is not a file of weights that is known.</source>
        <translation>%1 不是已知的权重文件。</translation>
    </message>
    <message>
        <source>%1 holds no pictures that Graft can read.</source>
        <translation>%1 中没有 Graft 能读取的图片。</translation>
    </message>
    <message>
        <source>%1 holds no pictures that Graft can read (%2, the first: %3: %4).</source>
        <translation>%1 中没有 Graft 能读取的图片（%2，首个：%3：%4）。</translation>
    </message>
    <message>
        <source>%1 problem</source>
        <translation>%1 个问题</translation>
    </message>
    <message>
        <source>%1 problems</source>
        <translation>%1 个问题</translation>
    </message>
    <message>
        <source>%1 picture</source>
        <translation> %1 张图片</translation>
    </message>
    <message>
        <source>%1 pictures</source>
        <translation> %1 张图片</translation>
    </message>
    <message>
        <source>%1 channel</source>
        <translation> %1 个通道</translation>
    </message>
    <message>
        <source>%1 channels</source>
        <translation> %1 个通道</translation>
    </message>
    <message>
        <source>names %1 a second time</source>
        <translation>重复指定了 %1</translation>
    </message>
    <message>
        <source>names %1 a second time with another label; the first one counts</source>
        <translation>以不同的标签重复指定了 %1；以第一次为准</translation>
    </message>
    <message>
        <source>There are no training pictures to check on.</source>
        <translation>没有可用于评估的训练图片。</translation>
    </message>
    <message>
        <source>There are no validation pictures to check on.</source>
        <translation>没有可用于评估的验证图片。</translation>
    </message>
    <message>
        <source>There are no test pictures to check on.</source>
        <translation>没有可用于评估的测试图片。</translation>
    </message>
    <message>
        <source>These weights do not fit %1: %2.</source>
        <translation>这些权重与 %1 不匹配：%2。</translation>
    </message>
    <message>
        <source>%1 tensor is missing (%2)</source>
        <translation>缺少 %1 个张量（%2）</translation>
    </message>
    <message>
        <source>%1 tensors are missing (%2)</source>
        <translation>缺少 %1 个张量（%2）</translation>
    </message>
    <message>
        <source>%1 tensor has another shape (%2)</source>
        <translation>%1 个张量形状不同（%2）</translation>
    </message>
    <message>
        <source>%1 tensors have another shape (%2)</source>
        <translation>%1 个张量形状不同（%2）</translation>
    </message>
    <message>
        <source>%1 layer is unknown to it (%2)</source>
        <translation>有 %1 个未知的层（%2）</translation>
    </message>
    <message>
        <source>%1 layers are unknown to it (%2)</source>
        <translation>有 %1 个未知的层（%2）</translation>
    </message>
    <message>
        <source>%1 entry that is no tensor was left out.</source>
        <translation>忽略了 %1 个非张量条目。</translation>
    </message>
    <message>
        <source>%1 entries that are no tensors were left out.</source>
        <translation>忽略了 %1 个非张量条目。</translation>
    </message>
    <message>
        <source>This file holds no weights that Graft finds; it holds %1.</source>
        <translation>Graft 在该文件中找不到权重；其中包含 %1。</translation>
    </message>
    <message>
        <source>Convolution %1x%2, %3 channels</source>
        <translation>卷积 %1x%2，%3 通道</translation>
    </message>
    <message>
        <source>Shortcut convolution %1x%2, %3 channels</source>
        <translation>捷径卷积 %1x%2，%3 通道</translation>
    </message>
    <message>
        <source>Depthwise convolution %1x%2, %3 channels</source>
        <translation>深度卷积 %1x%2，%3 通道</translation>
    </message>
    <message>
        <source>Grouped convolution %1x%2, %3 channels</source>
        <translation>分组卷积 %1x%2，%3 通道</translation>
    </message>
    <message>
        <source>%1 right on the training pictures</source>
        <translation>在训练图片上识别正确 %1</translation>
    </message>
    <message>
        <source>%1 right on the validation pictures</source>
        <translation>在验证图片上识别正确 %1</translation>
    </message>
    <message>
        <source>going on from a checkpoint</source>
        <translation>从检查点继续</translation>
    </message>
    <message>
        <source>%1 (bf16 is %2 times as fast as fp32 here)</source>
        <translation>%1（本机上 bf16 的速度是 fp32 的 %2 倍）</translation>
    </message>
    <message>
        <source>%1 (fp16 is %2 times as fast as fp32 here)</source>
        <translation>%1（本机上 fp16 的速度是 fp32 的 %2 倍）</translation>
    </message>
    <message>
        <source>%1 of the %2 pictures of a step at a time</source>
        <translation>每次处理每步 %2 张图片中的 %1 张</translation>
    </message>
    <message>
        <source>%1 s</source>
        <translation>%1 秒</translation>
    </message>
    <message>
        <source>%1 min</source>
        <translation>%1 分钟</translation>
    </message>
    <message>
        <source>%1 hours</source>
        <translation>%1 小时</translation>
    </message>
    <message>
        <source>Move %1 to training</source>
        <translation>把%1移到训练集</translation>
    </message>
    <message>
        <source>Move %1 to validation</source>
        <translation>把%1移到验证集</translation>
    </message>
    <message>
        <source>Move %1 to test</source>
        <translation>把%1移到测试集</translation>
    </message>
    <message>
        <source>Move %1 to no split</source>
        <translation>取消%1的划分</translation>
    </message>
    <message>
        <source>VGG-%1 with batch norm</source>
        <translation>VGG-%1（带批归一化）</translation>
    </message>
    <message>
        <source>The smallest VGG: plain and old, its features well known; easier to train from scratch.</source>
        <translation>最小的 VGG：结构简单、年代较早，特征广为人知；更易从头训练。</translation>
    </message>
    <message>
        <source>VGG with ten convolutions: plain, and slow for its accuracy; easier to train from scratch.</source>
        <translation>有十个卷积层的 VGG：结构简单，相对其准确率而言较慢；更易从头训练。</translation>
    </message>
    <message>
        <source>The classic for style and features; slow for its accuracy; easier to train from scratch.</source>
        <translation>风格迁移与特征提取的经典网络，相对其准确率而言较慢；更易从头训练。</translation>
    </message>
    <message>
        <source>The deepest VGG, known from style transfer; very slow; easier to train from scratch.</source>
        <translation>最深的 VGG，因风格迁移而闻名，非常慢；更易从头训练。</translation>
    </message>
    <message>
        <source>The smallest VGG: plain and old, its features well known.</source>
        <translation>最小的 VGG：结构简单、年代较早，特征广为人知。</translation>
    </message>
    <message>
        <source>VGG with ten convolutions: plain, and slow for its accuracy.</source>
        <translation>有十个卷积层的 VGG：结构简单，相对其准确率而言较慢。</translation>
    </message>
    <message>
        <source>The classic for style and features; slow for its accuracy.</source>
        <translation>风格迁移与特征提取的经典网络，相对其准确率而言较慢。</translation>
    </message>
    <message>
        <source>The deepest VGG, known from style transfer; very slow.</source>
        <translation>最深的 VGG，因风格迁移而闻名，非常慢。</translation>
    </message>
    <message>
        <source>Rounds</source>
        <translation>轮数</translation>
    </message>
    <message>
        <source>Updates</source>
        <translation>更新</translation>
    </message>
    <message>
        <source>Momentum</source>
        <translation>动量</translation>
    </message>
    <message>
        <source>Schedule</source>
        <translation>学习率调度</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>Machine</source>
        <translation>机器</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Strength</source>
        <translation>强度</translation>
    </message>
    <message>
        <source>Rotate</source>
        <translation>旋转</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>缩放</translation>
    </message>
    <message>
        <source>Shift</source>
        <translation>平移</translation>
    </message>
    <message>
        <source>Perspective</source>
        <translation>透视</translation>
    </message>
    <message>
        <source>Brightness</source>
        <translation>亮度</translation>
    </message>
    <message>
        <source>Contrast</source>
        <translation>对比度</translation>
    </message>
    <message>
        <source>Colourfulness</source>
        <translation>饱和度</translation>
    </message>
    <message>
        <source>Hue</source>
        <translation>色相</translation>
    </message>
    <message>
        <source>Blur</source>
        <translation>模糊</translation>
    </message>
    <message>
        <source>Noise</source>
        <translation>噪声</translation>
    </message>
    <message>
        <source>Stem</source>
        <translation>输入层</translation>
    </message>
    <message>
        <source>Halving</source>
        <translation>下采样</translation>
    </message>
    <message>
        <source>Pooling</source>
        <translation>池化</translation>
    </message>
    <message>
        <source>Merging</source>
        <translation>合并</translation>
    </message>
    <message>
        <source>Patches</source>
        <translation>图块</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>Saving</source>
        <translation>正在保存</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>Finished</source>
        <translation>已完成</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>训练中</translation>
    </message>
    <message>
        <source>Class token</source>
        <translation>分类 token</translation>
    </message>
    <message>
        <source>everything</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>CPU, %1 threads, LibTorch %2</source>
        <translation>CPU，%1 线程，LibTorch %2</translation>
    </message>
    <message>
        <source>CPU, %1 thread, LibTorch %2</source>
        <translation>CPU，%1 线程，LibTorch %2</translation>
    </message>
    <message>
        <source>Graphics card, CPU, %1 threads, LibTorch %2</source>
        <translation>显卡，CPU，%1 线程，LibTorch %2</translation>
    </message>
    <message>
        <source>Graphics card, CPU, %1 thread, LibTorch %2</source>
        <translation>显卡，CPU，%1 线程，LibTorch %2</translation>
    </message>
    <message>
        <source>Trained on ImageNet-1k, whose pictures may be used for research that is not commercial. Whether that binds the weights is not settled; it is for you to judge.</source>
        <translation>在 ImageNet-1k 上训练，其图片仅可用于非商业研究。这一限制是否约束权重尚无定论，请自行判断。</translation>
    </message>
    <message>
        <source>. </source>
        <comment>between two sentences</comment>
        <translation>。</translation>
    </message>
    <message>
        <source>: </source>
        <comment>between two parts of a sentence</comment>
        <translation>：</translation>
    </message>
    <message>
        <source>; </source>
        <comment>between two parts of a sentence</comment>
        <translation>；</translation>
    </message>
    <message>
        <source>, </source>
        <comment>between two parts of a sentence</comment>
        <translation>，</translation>
    </message>
    <message>
        <source>Measuring the speed</source>
        <translation>正在测量速度</translation>
    </message>
    <message>
        <source>Measuring the features</source>
        <translation>正在测量特征计算</translation>
    </message>
    <message>
        <source>Run %1</source>
        <translation>训练 %1</translation>
    </message>
    <message>
        <source>Move %1 to %2</source>
        <translation>把%1移到 %2</translation>
    </message>
    <message>
        <source>%1 has no quick model.</source>
        <translation>%1 没有快速模型。</translation>
    </message>
    <message>
        <source>It is made when training starts from pretrained weights.</source>
        <translation>从预训练权重开始训练时会生成快速模型。</translation>
    </message>
    <message>
        <source>The head to start from is of other features.</source>
        <translation>作为起点的分类头对应另一种特征。</translation>
    </message>
    <message>
        <source>There is no quick model: %1</source>
        <translation>没有快速模型：%1</translation>
    </message>
    <message>
        <source>None of the pictures could be read.</source>
        <translation>所有图片都无法读取。</translation>
    </message>
    <message>
        <source>First estimate from %1 pictures: %2</source>
        <translation>根据 %1 张图片的初步估计：%2</translation>
    </message>
    <message>
        <source>Quick model ready: %1</source>
        <translation>快速模型已就绪：%1</translation>
    </message>
    <message>
        <source>Looking at the pictures for a quick model</source>
        <translation>正在查看图片以生成快速模型</translation>
    </message>
    <message>
        <source>Fitting the quick model</source>
        <translation>正在拟合快速模型</translation>
    </message>
    <message>
        <source>%1 right on %2 validation pictures (95 % interval %3 to %4)</source>
        <translation>在 %2 张验证图片上识别正确 %1（95% 区间 %3 至 %4）</translation>
    </message>
    <message>
        <source>There are no training pictures to compare with.</source>
        <translation>没有可供比较的训练图片。</translation>
    </message>
    <message>
        <source>There is not enough memory to compare pictures.</source>
        <translation>内存不足，无法比较图片。</translation>
    </message>
    <message>
        <source>Comparing pictures failed.</source>
        <translation>比较图片失败。</translation>
    </message>
    <message>
        <source>No pretrained weights are on this machine, so a small network learns from scratch.</source>
        <translation>本机没有预训练权重，因此由一个小网络从头学习。</translation>
    </message>
    <message>
        <source>%1: the best pretrained network on this machine that is quick.</source>
        <translation>%1：本机上速度快的预训练网络中最好的一个。</translation>
    </message>
    <message>
        <source>%1 px: the pictures are small, more would show no more.</source>
        <translation>%1 px：图片很小，再大也不会看到更多内容。</translation>
    </message>
    <message>
        <source>96 px: so few photos can be looked at more closely.</source>
        <translation>96 px：照片不多，可以看得更仔细。</translation>
    </message>
    <message>
        <source>The early parts stay frozen: so few pictures have little to teach them, and their work is done once only.</source>
        <translation>前部各层保持冻结：图片很少，前部学不到新东西，而且其计算只需做一次。</translation>
    </message>
    <message>
        <source>Two changed versions of each picture take turns, so that the work of the frozen parts is done twice at most.</source>
        <translation>每张图片轮流使用两个变化版本，使冻结部分的计算最多只做两次。</translation>
    </message>
    <message>
        <source>Mirrored, cropped and a little brighter or darker: more of the same pictures without their meaning changed.</source>
        <translation>镜像、裁剪并略微变亮或变暗：在不改变含义的前提下增加图片的变化。</translation>
    </message>
    <message>
        <source>Not mirrored: %1</source>
        <translation>不做镜像：%1</translation>
    </message>
    <message>
        <source>Cropped a little only: small pictures are mostly cut out.</source>
        <translation>只略微裁剪：小图片通常已经裁剪过。</translation>
    </message>
    <message>
        <source>16 pictures per step: so few pictures need more steps.</source>
        <translation>每步 16 张图片：图片较少时需要更多步数。</translation>
    </message>
    <message>
        <source>%1 rounds: about 500 steps are enough from pretrained weights.</source>
        <translation>%1 轮：从预训练权重开始，约 500 步即可。</translation>
    </message>
    <message>
        <source>All of the network learns at the same speed: what so small a network has learnt before is a start only.</source>
        <translation>整个网络以相同的速度学习：这样小的网络，预先学到的内容只是起点。</translation>
    </message>
    <message>
        <source>Rare classes count more: the largest has %1 training pictures, the smallest %2.</source>
        <translation>稀有类别权重更高：最大的类别有 %1 张训练图片，最小的有 %2 张。</translation>
    </message>
    <message>
        <source>a mirrored &quot;left&quot; looks like &quot;right&quot;.</source>
        <translation>镜像后的“左”看起来像“右”。</translation>
    </message>
    <message>
        <source>mirrored digits and letters are no such signs any more.</source>
        <translation>数字和字母镜像之后就不再是原来的符号。</translation>
    </message>
    <message>
        <source>the classes look like digits or letters, which mirrored mean something else.</source>
        <translation>这些类别看起来是数字或字母，镜像之后含义会改变。</translation>
    </message>
    <message>
        <source>Quick model first</source>
        <translation>先生成快速模型</translation>
    </message>
    <message>
        <source>With pretrained weights: the best head for their features as they are (logistic regression) gives a first model within seconds; training goes on from it.</source>
        <translation>有预训练权重时：在现有特征上求出最佳分类头（逻辑回归），几秒内得到第一个模型；训练从它继续。</translation>
    </message>
    <message>
        <source>Stopped before the first step; it starts again from there</source>
        <translation>在第一步之前停止；之后会从那里重新开始</translation>
    </message>
    <message>
        <source>file names</source>
        <translation>文件名</translation>
    </message>
    <message>
        <source>labels</source>
        <translation>标签</translation>
    </message>
    <message>
        <source>The archive %1 cannot be unpacked.</source>
        <translation>无法解压归档文件 %1。</translation>
    </message>
    <message>
        <source>Download or copy it again.</source>
        <translation>请重新下载或复制。</translation>
    </message>
    <message>
        <source>The archive holds a file that would lie outside of its folder.</source>
        <translation>归档中有一个文件会落到目标文件夹之外。</translation>
    </message>
    <message>
        <source>Nothing was unpacked. Do not trust this archive.</source>
        <translation>未解压任何内容。请不要信任此归档。</translation>
    </message>
    <message>
        <source>There is too little room on the disk for %1.</source>
        <translation>磁盘空间不足，放不下 %1。</translation>
    </message>
    <message>
        <source>Free some space, or choose a folder on another disk.</source>
        <translation>请腾出一些空间，或选择其他磁盘上的文件夹。</translation>
    </message>
    <message>
        <source>&quot;%1&quot; exists already.</source>
        <translation>“%1”已存在。</translation>
    </message>
    <message>
        <source>Mirror in turns</source>
        <translation>轮流镜像</translation>
    </message>
    <message>
        <source>Mirrors a picture left-right in every other round instead of by chance (alternating flip), so that both views are seen equally often.</source>
        <translation>每隔一轮对图片做左右镜像，而不是随机决定（交替翻转），使两种视图出现的次数相同。</translation>
    </message>
    <message>
        <source>The weights %1 are a part of Graft, but are not with it here.</source>
        <translation>权重 %1 是 Graft 的一部分，但此处没有随程序提供。</translation>
    </message>
    <message>
        <source>Install Graft again, or choose other weights.</source>
        <translation>请重新安装 Graft，或选择其他权重。</translation>
    </message>
    <message>
        <source>Graft&apos;s own small network for pictures of about 64 px: quick anywhere, also from scratch.</source>
        <translation>Graft 自带的小型网络，适合约 64 像素的图片：在任何机器上都很快，也适合从头训练。</translation>
    </message>
    <message>
        <source>Longest gradient</source>
        <translation>梯度长度上限</translation>
    </message>
    <message>
        <source>Steps whose gradient is longer (its norm over all weights) are shortened to this, so that no single one throws the network off course (gradient clipping). 0 switches it off.</source>
        <translation>梯度（对全部权重取范数）超过此长度的步会被缩短到该长度，以免某一步把网络带偏（梯度裁剪）。0 表示关闭。</translation>
    </message>
    <message>
        <source>Norms go by</source>
        <translation>归一化依据</translation>
    </message>
    <message>
        <source>Mean and spread that batch normalisation goes by. What pretrained weights came with lets training begin exactly as good as the quick model. Automatic: that in networks for small pictures, else each step&apos;s pictures.</source>
        <translation>批归一化所用的均值和方差。沿用预训练权重自带的统计量，训练就从与快速模型完全相同的水平开始。自动：小图片网络用其自带的统计量，其他网络用每一步图片的统计量。</translation>
    </message>
    <message>
        <source>What the weights came with</source>
        <translation>权重自带的统计量</translation>
    </message>
    <message>
        <source>Each step&apos;s pictures</source>
        <translation>每一步的图片</translation>
    </message>
    <message>
        <source>Averaged weights</source>
        <translation>权重平均</translation>
    </message>
    <message>
        <source>Averages the weights over the last steps (exponential moving average with this decay, such as 0.999); the averaged model is the one that is checked and kept. 0 switches it off.</source>
        <translation>对最近若干步的权重取平均（以此衰减系数做指数移动平均，例如 0.999）；验证和保存的都是平均后的模型。0 表示关闭。</translation>
    </message>
    <message>
        <source>Falls evenly (triangular)</source>
        <translation>匀速下降（三角形）</translation>
    </message>
    <message>
        <source>Smaller pictures at first</source>
        <translation>先用较小的图片</translation>
    </message>
    <message>
        <source>Picture size of the first rounds, which then take less time (progressive resizing). 0 switches it off.</source>
        <translation>前几轮的图片尺寸，这样用时更少（渐进式尺寸）。0 表示关闭。</translation>
    </message>
    <message>
        <source>Rounds with smaller pictures</source>
        <translation>用较小图片的轮数</translation>
    </message>
    <message>
        <source>How many of the first epochs use that size.</source>
        <translation>前多少轮使用该尺寸。</translation>
    </message>
    <message>
        <source>Rounds that are done already</source>
        <translation>已完成的轮数</translation>
    </message>
    <message>
        <source>Goes on behind so many epochs of the course of the learning rate, from the weights that were kept of the last of them; for a run whose checkpoints are lost.</source>
        <translation>在学习率进程的这么多轮之后继续，从其中最后一轮保留的权重开始；用于检查点已丢失的训练。</translation>
    </message>
    <message>
        <source>Keep the model of every round</source>
        <translation>保留每一轮的模型</translation>
    </message>
    <message>
        <source>Writes the weights after each epoch, in 16 bits, beside the checkpoints.</source>
        <translation>每轮结束后以 16 位精度把权重写到检查点旁边。</translation>
    </message>
    <message>
        <source>The weights of %1 are too large for 16 bits.</source>
        <translation>%1 的权重数值过大，无法用 16 位表示。</translation>
    </message>
    <message>
        <source>There are no pictures to fit to or to judge by.</source>
        <translation>没有可用于拟合或评判的图片。</translation>
    </message>
    <message>
        <source>The features could not be judged.</source>
        <translation>无法评判这些特征。</translation>
    </message>
    <message>
        <source>The training cannot go on after round %1.</source>
        <translation>训练无法在第 %1 轮之后继续。</translation>
    </message>
    <message>
        <source>It takes more rounds in all than that, and weights that a run with the same classes kept of a round.</source>
        <translation>需要总轮数大于该值，并且要有类别相同的训练在某一轮保留的权重。</translation>
    </message>
    <message>
        <source>This network cannot begin with pictures of %1 px.</source>
        <translation>此网络不能从 %1 像素的图片开始。</translation>
    </message>
    <message>
        <source>Choose a size up to %1 px that the network takes, or 0 to begin with that one.</source>
        <translation>请选择网络可接受的、不超过 %1 像素的尺寸，或填 0 直接使用该尺寸。</translation>
    </message>
    <message>
        <source>The checkpoint&apos;s averaged weights do not fit this network.</source>
        <translation>检查点中的平均权重与此网络不匹配。</translation>
    </message>
    <message>
        <source>levels</source>
        <translation>级</translation>
    </message>
</context>
<context>
    <name>graft::ui::AnswerBars</name>
    <message>
        <source>%1: %2</source>
        <translation>%1：%2</translation>
    </message>
    <message numerus="yes">
        <source>%n other class(es): %1</source>
        <translation>
            <numerusform>其余 %n 个类别：%1</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>graft::ui::AugmentPage</name>
    <message>
        <source>Sixteen random versions of one picture, as training sees them</source>
        <translation>同一张图片的十六个随机版本，即训练时看到的样子</translation>
    </message>
    <message>
        <source>Previous picture</source>
        <translation>上一张图片</translation>
    </message>
    <message>
        <source>Next picture</source>
        <translation>下一张图片</translation>
    </message>
    <message>
        <source>Any picture</source>
        <translation>任选一张</translation>
    </message>
    <message>
        <source>Training never sees the same picture twice: each time it is changed a little, at random. Keep what still looks like the class.</source>
        <translation>训练时不会两次看到完全相同的图片：每次都会随机做一点改动。只保留改动后仍然像该类别的变化。</translation>
    </message>
    <message>
        <source>Data augmentation</source>
        <translation>数据增强</translation>
    </message>
    <message>
        <source>&amp;None</source>
        <translation>无(&amp;N)</translation>
    </message>
    <message>
        <source>&amp;Light</source>
        <translation>轻度(&amp;L)</translation>
    </message>
    <message>
        <source>Me&amp;dium</source>
        <translation>中等(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Strong</source>
        <translation>强(&amp;S)</translation>
    </message>
    <message>
        <source>Switch &amp;mirroring off</source>
        <translation>关闭镜像翻转(&amp;M)</translation>
    </message>
    <message>
        <source>A training is under way; what you change here is for the next one.</source>
        <translation>训练正在进行；此处的修改将用于下一次训练。</translation>
    </message>
    <message>
        <source>Next: Model</source>
        <translation>下一步：模型</translation>
    </message>
    <message>
        <source>As the network sees it: %1 × %1 pixels</source>
        <translation>网络看到的样子：%1 × %1 像素</translation>
    </message>
    <message>
        <source>There are no pictures to show variants of. Add some, or take back what was left out.</source>
        <translation>没有可用来展示变化的图片。请添加图片，或恢复被排除的图片。</translation>
    </message>
    <message>
        <source>Go to Data</source>
        <translation>前往数据</translation>
    </message>
    <message>
        <source>By their names the classes are digits, letters or sides. Mirrored ones mean something else or nothing at all.</source>
        <translation>从名称看，这些类别是数字、字母或左右方向，镜像之后含义会改变，或不再有意义。</translation>
    </message>
</context>
<context>
    <name>graft::ui::AugmentSliders</name>
    <message>
        <source>&amp;More</source>
        <translation>更多(&amp;M)</translation>
    </message>
</context>
<context>
    <name>graft::ui::BackboneCard</name>
    <message>
        <source>fastest</source>
        <translation>最快</translation>
    </message>
    <message>
        <source>%1 × work</source>
        <translation>计算量 %1 倍</translation>
    </message>
    <message>
        <source>%1 M numbers, %2, %3 px</source>
        <translation>%1 M 参数，%2，%3 px</translation>
    </message>
    <message>
        <source>&lt;p&gt;&lt;b&gt;%1&lt;/b&gt;&lt;/p&gt;&lt;p&gt;%2&lt;/p&gt;&lt;p&gt;%3 parameters without the head, %4 times the multiply-adds of the smallest, pictures of %5 px.&lt;/p&gt;&lt;p&gt;&lt;code&gt;%6&lt;/code&gt;&lt;/p&gt;</source>
        <translation>&lt;p&gt;&lt;b&gt;%1&lt;/b&gt;&lt;/p&gt;&lt;p&gt;%2&lt;/p&gt;&lt;p&gt;不含分类头共 %3 个参数，乘加运算量为最小网络的 %4 倍，输入图片 %5 px。&lt;/p&gt;&lt;p&gt;&lt;code&gt;%6&lt;/code&gt;&lt;/p&gt;</translation>
    </message>
</context>
<context>
    <name>graft::ui::BackboneCards</name>
    <message>
        <source>No network has such a name.</source>
        <translation>没有这个名称的网络。</translation>
    </message>
    <message>
        <source>Network to start from (backbone)</source>
        <translation>起始网络（骨干网络）</translation>
    </message>
    <message>
        <source>Find a network by name</source>
        <translation>按名称查找网络</translation>
    </message>
    <message>
        <source>All %1</source>
        <translation>全部 %1 个</translation>
    </message>
    <message>
        <source>Show all networks, not only the usual ones</source>
        <translation>显示全部网络，而不只是常用的几个</translation>
    </message>
</context>
<context>
    <name>graft::ui::ClassModel</name>
    <message>
        <source>%1: %2 pictures</source>
        <translation>%1：%2 张图片</translation>
    </message>
    <message>
        <source>%1 pictures, %2 of them used. Key %3 moves the selected pictures here.</source>
        <translation>共 %1 张图片，其中使用 %2 张。按 %3 键把选中的图片移到这个类别。</translation>
    </message>
    <message>
        <source>%1 pictures, %2 of them used.</source>
        <translation>共 %1 张图片，其中使用 %2 张。</translation>
    </message>
    <message>
        <source>All pictures</source>
        <translation>全部图片</translation>
    </message>
    <message>
        <source>No class</source>
        <translation>无类别</translation>
    </message>
</context>
<context>
    <name>graft::ui::ClassPanel</name>
    <message>
        <source>&amp;Classes</source>
        <translation>类别(&amp;C)</translation>
    </message>
    <message>
        <source>Classes</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Add a class</source>
        <translation>添加类别</translation>
    </message>
    <message>
        <source>Rename the class</source>
        <translation>重命名类别</translation>
    </message>
    <message>
        <source>Rename the class (F2)</source>
        <translation>重命名类别（F2）</translation>
    </message>
    <message>
        <source>Remove the class</source>
        <translation>删除类别</translation>
    </message>
    <message>
        <source>Remove the class; its pictures stay, without a class</source>
        <translation>删除该类别；其中的图片会保留，但不再有类别</translation>
    </message>
    <message>
        <source>New class</source>
        <translation>新类别</translation>
    </message>
    <message>
        <source>New class %1</source>
        <translation>新类别 %1</translation>
    </message>
</context>
<context>
    <name>graft::ui::CostLine</name>
    <message>
        <source>This training will take %1 and at most %2 of memory; %3 are free.</source>
        <translation>本次训练预计需要%1，最多占用 %2 内存；当前可用 %3。</translation>
    </message>
    <message>
        <source>Each step is computed in parts, %1 of %2 pictures at a time.</source>
        <translation>每一步分批计算，每次处理 %2 张图片中的 %1 张（梯度累积）。</translation>
    </message>
    <message>
        <source>Measuring what this training will take…</source>
        <translation>正在估算本次训练的耗时和内存…</translation>
    </message>
</context>
<context>
    <name>graft::ui::CurvePlot</name>
    <message>
        <source>%1 %2</source>
        <translation>%1 %2</translation>
    </message>
    <message>
        <source>%1 %2: %3</source>
        <translation>%1 %2：%3</translation>
    </message>
    <message>
        <source>Drag zooms into a part, Shift and drag moves, the wheel zooms, a double click shows everything. Keys: + - arrows 0.</source>
        <translation>拖动可放大局部，按住 Shift 拖动可平移，滚轮缩放，双击显示全部。按键：+ - 方向键 0。</translation>
    </message>
    <message>
        <source>Show or hide: %1</source>
        <translation>显示或隐藏：%1</translation>
    </message>
    <message>
        <source>A plot can be saved as .png, .pdf or .csv; &quot;%1&quot; is none of them.</source>
        <translation>图表可保存为 .png、.pdf 或 .csv；“%1”不在其中。</translation>
    </message>
    <message>
        <source>The plot could not be written to %1. Choose another folder.</source>
        <translation>无法把图表写入 %1。请选择其他文件夹。</translation>
    </message>
</context>
<context>
    <name>graft::ui::DataHeader</name>
    <message>
        <source>Show files that were left out or are odd, and why</source>
        <translation>显示被排除或有异常的文件及原因</translation>
    </message>
    <message>
        <source>Change split…</source>
        <translation>更改划分…</translation>
    </message>
    <message>
        <source>How many pictures are kept for checking</source>
        <translation>留出多少图片用于检验</translation>
    </message>
    <message>
        <source>Filter by split</source>
        <translation>按划分筛选</translation>
    </message>
    <message>
        <source>All splits</source>
        <translation>全部划分</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>训练集</translation>
    </message>
    <message>
        <source>Validation</source>
        <translation>验证集</translation>
    </message>
    <message>
        <source>Test</source>
        <translation>测试集</translation>
    </message>
    <message>
        <source>No split</source>
        <translation>未划分</translation>
    </message>
    <message>
        <source>Filter by state</source>
        <translation>按状态筛选</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>Used pictures</source>
        <translation>使用中的图片</translation>
    </message>
    <message>
        <source>Left out</source>
        <translation>已排除</translation>
    </message>
    <message>
        <source>Damaged</source>
        <translation>已损坏</translation>
    </message>
    <message>
        <source>Duplicates</source>
        <translation>重复图片</translation>
    </message>
    <message>
        <source>Without a class</source>
        <translation>无类别</translation>
    </message>
    <message>
        <source>Size of the pictures</source>
        <translation>图片显示大小</translation>
    </message>
    <message>
        <source>Size of the pictures (Ctrl + mouse wheel)</source>
        <translation>图片显示大小（Ctrl + 鼠标滚轮）</translation>
    </message>
    <message>
        <source>Show the selected picture at the side</source>
        <translation>在侧栏显示选中的图片</translation>
    </message>
    <message>
        <source>Show the selected picture at the side (F9)</source>
        <translation>在侧栏显示选中的图片（F9）</translation>
    </message>
    <message>
        <source>%1 selected</source>
        <translation>已选 %1 张</translation>
    </message>
    <message>
        <source>%1 classes, %2 pictures</source>
        <translation>%1 个类别，%2 张图片</translation>
    </message>
    <message>
        <source>1 problem</source>
        <translation>1 个问题</translation>
    </message>
    <message>
        <source>%1 problems</source>
        <translation>%1 个问题</translation>
    </message>
    <message>
        <source>Training %1</source>
        <translation>训练集 %1</translation>
    </message>
    <message>
        <source>Validation %1</source>
        <translation>验证集 %1</translation>
    </message>
    <message>
        <source>Test %1</source>
        <translation>测试集 %1</translation>
    </message>
</context>
<context>
    <name>graft::ui::DataPage</name>
    <message>
        <source>Pictures</source>
        <translation>图片</translation>
    </message>
    <message>
        <source>No picture passes the filter.</source>
        <translation>没有符合筛选条件的图片。</translation>
    </message>
    <message>
        <source>The picture, large</source>
        <translation>大图</translation>
    </message>
    <message>
        <source>Problems</source>
        <translation>问题</translation>
    </message>
    <message>
        <source>Watch the training</source>
        <translation>查看训练</translation>
    </message>
    <message>
        <source>&amp;Train</source>
        <translation>训练(&amp;T)</translation>
    </message>
    <message>
        <source>Show all pictures</source>
        <translation>显示全部图片</translation>
    </message>
</context>
<context>
    <name>graft::ui::DropOverlay</name>
    <message>
        <source>Drop it to open it</source>
        <translation>松开鼠标即可打开</translation>
    </message>
</context>
<context>
    <name>graft::ui::EvaluatePage</name>
    <message>
        <source>Check a&amp;gain</source>
        <translation>重新评估(&amp;G)</translation>
    </message>
    <message>
        <source>Sa&amp;ve table…</source>
        <translation>保存表格(&amp;V)…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>训练记录</translation>
    </message>
    <message>
        <source>Pictures to check on</source>
        <translation>用于评估的图片</translation>
    </message>
    <message>
        <source>Measure the model on the pictures as they are labelled now</source>
        <translation>按图片当前的标注评估模型</translation>
    </message>
    <message>
        <source>Every picture with its class, the answer and all probabilities (CSV)</source>
        <translation>每张图片的类别、模型的回答和全部概率（CSV）</translation>
    </message>
    <message>
        <source>Progress of the check</source>
        <translation>评估进度</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>导出…</translation>
    </message>
    <message>
        <source>%1 %2</source>
        <translation>%1 %2</translation>
    </message>
    <message>
        <source>Add pictures first; a trained model is checked on some of them.</source>
        <translation>请先添加图片；训练好的模型会用其中一部分来评估。</translation>
    </message>
    <message>
        <source>The first results can be looked at after the first round.</source>
        <translation>第一轮训练结束后即可查看初步结果。</translation>
    </message>
    <message>
        <source>Train a model first; its mistakes are shown here.</source>
        <translation>请先训练一个模型；它认错的图片会显示在这里。</translation>
    </message>
    <message>
        <source>Go to Train</source>
        <translation>前往训练</translation>
    </message>
    <message>
        <source>Go to Data</source>
        <translation>前往数据</translation>
    </message>
    <message>
        <source>Looking at the pictures …</source>
        <translation>正在识别图片…</translation>
    </message>
    <message>
        <source>The pictures appear here when the check is done.</source>
        <translation>评估完成后，图片会显示在这里。</translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) could not be read and are not counted.</source>
        <translation>
            <numerusform>有 %n 张图片无法读取，未计入结果。</numerusform>
        </translation>
    </message>
    <message>
        <source>Labels changed since this check; check again for the present figures.</source>
        <translation>评估之后标注有改动；请重新评估以得到最新结果。</translation>
    </message>
    <message>
        <source>Save the table</source>
        <translation>保存表格</translation>
    </message>
    <message>
        <source>Table (*.csv)</source>
        <translation>表格 (*.csv)</translation>
    </message>
    <message>
        <source>Saved %1.</source>
        <translation>已保存 %1。</translation>
    </message>
    <message>
        <source>Try it</source>
        <translation>试一试</translation>
    </message>
    <message>
        <source>Ask the model about a picture of your own</source>
        <translation>用您自己的图片试试模型</translation>
    </message>
    <message>
        <source>Train a model first.</source>
        <translation>请先训练一个模型。</translation>
    </message>
    <message>
        <source>%1 (quick model)</source>
        <translation>%1（快速模型）</translation>
    </message>
</context>
<context>
    <name>graft::ui::EvaluationPictures</name>
    <message>
        <source>It is %1, the network says %2</source>
        <translation>真实类别：%1；网络的回答：%2</translation>
    </message>
    <message>
        <source>Whole matrix</source>
        <translation>整个矩阵</translation>
    </message>
    <message>
        <source>&amp;Move</source>
        <translation>移动(&amp;M)</translation>
    </message>
    <message>
        <source>&amp;Leave out</source>
        <translation>排除(&amp;L)</translation>
    </message>
    <message>
        <source>Which pictures are shown</source>
        <translation>显示哪些图片</translation>
    </message>
    <message>
        <source>Mistakes</source>
        <translation>识别错误</translation>
    </message>
    <message>
        <source>All pictures</source>
        <translation>全部图片</translation>
    </message>
    <message>
        <source>Right answers</source>
        <translation>识别正确</translation>
    </message>
    <message>
        <source>Ends the choice of one number of the matrix</source>
        <translation>取消对矩阵中某个数字的选择</translation>
    </message>
    <message>
        <source>Pictures with the answers of the network</source>
        <translation>图片与网络的回答</translation>
    </message>
    <message>
        <source>Class to move the chosen pictures to</source>
        <translation>选中图片要移到的类别</translation>
    </message>
    <message>
        <source>Give the chosen pictures this class; undo with Ctrl+Z</source>
        <translation>把选中的图片归入这个类别；按 Ctrl+Z 撤销</translation>
    </message>
    <message>
        <source>Do not use the chosen pictures any more; undo with Ctrl+Z</source>
        <translation>不再使用选中的图片；按 Ctrl+Z 撤销</translation>
    </message>
    <message>
        <source>Wrong label? Move to</source>
        <translation>标注有误？移到</translation>
    </message>
    <message>
        <source>No mistakes: every picture was recognised.</source>
        <translation>没有错误：每张图片都识别正确。</translation>
    </message>
    <message>
        <source>No picture fits this choice.</source>
        <translation>没有符合条件的图片。</translation>
    </message>
</context>
<context>
    <name>graft::ui::EvaluationSummary</name>
    <message>
        <source>The 95 % interval by Wilson&apos;s score: with other pictures of the same kind the accuracy would lie within it in 95 of 100 cases.</source>
        <translation>Wilson 95% 置信区间：换用同类的其他图片，100 次中有 95 次准确率会落在这个范围内。</translation>
    </message>
    <message>
        <source>Macro: %1; mean over classes, each counts the same. Weighted: %2; by the number of pictures. Precision: of what is called a class, the share that is it. Recall: of a class, the share that is found. F1: their harmonic mean.</source>
        <translation>宏平均（macro）：%1；各类别同等计入。加权平均：%2；按图片数量计入。精确率：被判为某类的图片中确实属于该类的比例。召回率：某类图片中被找出的比例。F1：两者的调和平均。</translation>
    </message>
    <message>
        <source>Accuracy %1</source>
        <translation>准确率 %1</translation>
    </message>
    <message>
        <source>right: %1 of %2 %3 (%4)</source>
        <translation>识别正确：%2 张%3中的 %1 张（%4）</translation>
    </message>
    <message>
        <source>precision %1, recall %2, F1 %3</source>
        <translation>精确率 %1，召回率 %2，F1 %3</translation>
    </message>
    <message>
        <source>Mean of the classes: %1 are found, %2 of the answers are right.</source>
        <translation>各类别平均：找出 %1，回答正确 %2。</translation>
    </message>
</context>
<context>
    <name>graft::ui::EvaluationTables</name>
    <message>
        <source>Click a number to see its pictures</source>
        <translation>点击数字查看对应的图片</translation>
    </message>
    <message>
        <source>Rows: what it is. Columns: what the network says.</source>
        <translation>行：真实类别。列：网络的回答。</translation>
    </message>
    <message>
        <source>Confusions</source>
        <translation>混淆矩阵</translation>
    </message>
    <message>
        <source>Figures of each class</source>
        <translation>各类别指标</translation>
    </message>
    <message>
        <source>Classes</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Class</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>图片</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>精确率</translation>
    </message>
    <message>
        <source>Recall</source>
        <translation>召回率</translation>
    </message>
    <message>
        <source>F1</source>
        <translation>F1</translation>
    </message>
    <message>
        <source>%1 (%)</source>
        <translation>%1 (%)</translation>
    </message>
</context>
<context>
    <name>graft::ui::ExportPage</name>
    <message>
        <source>C&amp;hoose…</source>
        <translation>选择(&amp;H)…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>&amp;Open folder</source>
        <translation>打开文件夹(&amp;O)</translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation>复制(&amp;C)</translation>
    </message>
    <message>
        <source>Run to export</source>
        <translation>要导出的训练记录</translation>
    </message>
    <message>
        <source>Name of the model folder</source>
        <translation>模型文件夹的名称</translation>
    </message>
    <message>
        <source>Folder that the model folder is made in</source>
        <translation>模型文件夹所在的位置</translation>
    </message>
    <message>
        <source>Progress of the export</source>
        <translation>导出进度</translation>
    </message>
    <message>
        <source>&amp;Run</source>
        <translation>训练记录(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Name</source>
        <translation>名称(&amp;N)</translation>
    </message>
    <message>
        <source>In &amp;folder</source>
        <translation>位置(&amp;F)</translation>
    </message>
    <message>
        <source>What is written: the model as one file that Python and C++ programs open without Graft (TorchScript, the preparation of pictures included), the class names, how pictures are prepared, a model card, and the figures of the check. Your pictures are not copied.</source>
        <translation>导出内容：一个无需 Graft 即可由 Python 和 C++ 程序加载的模型文件（TorchScript，已包含图片预处理）、类别名称、预处理说明、模型卡片，以及校验结果。您的图片不会被复制。</translation>
    </message>
    <message>
        <source>model.pt, labels.txt, config.json, preprocessor_config.json, README.md, metrics.json, parity.json</source>
        <translation>model.pt, labels.txt, config.json, preprocessor_config.json, README.md, metrics.json, parity.json</translation>
    </message>
    <message>
        <source>Copy the Python lines</source>
        <translation>复制 Python 代码</translation>
    </message>
    <message>
        <source>Python lines that use the model</source>
        <translation>使用该模型的 Python 代码</translation>
    </message>
    <message>
        <source>Use it from Python:</source>
        <translation>在 Python 中使用：</translation>
    </message>
    <message>
        <source>No file manager answered. The folder is %1.</source>
        <translation>文件管理器没有响应。文件夹位置：%1。</translation>
    </message>
    <message>
        <source>Copied.</source>
        <translation>已复制。</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>%1 (%2)</source>
        <translation>%1（%2）</translation>
    </message>
    <message>
        <source>Train a model first; then it can be exported.</source>
        <translation>请先训练一个模型，然后即可导出。</translation>
    </message>
    <message>
        <source>Add pictures first; then a model can be trained and exported.</source>
        <translation>请先添加图片，然后即可训练并导出模型。</translation>
    </message>
    <message>
        <source>Go to Train</source>
        <translation>前往训练</translation>
    </message>
    <message>
        <source>Go to Data</source>
        <translation>前往数据</translation>
    </message>
    <message>
        <source>The model is in %1.</source>
        <translation>模型保存在 %1。</translation>
    </message>
    <message>
        <source>There is something at %1 already. Choose another name; nothing is ever written over.</source>
        <translation>%1 已有内容。请换一个名称；Graft 不会覆盖任何文件。</translation>
    </message>
    <message>
        <source>The model goes to %1.</source>
        <translation>模型将保存到 %1。</translation>
    </message>
    <message>
        <source>Choose where the model folder goes</source>
        <translation>选择模型文件夹的位置</translation>
    </message>
    <message>
        <source>Writing the model …</source>
        <translation>正在写入模型…</translation>
    </message>
    <message>
        <source>Export cancelled; nothing was written.</source>
        <translation>导出已取消，没有写入任何内容。</translation>
    </message>
    <message>
        <source>Passed</source>
        <translation>通过</translation>
    </message>
    <message>
        <source>Not passed</source>
        <translation>未通过</translation>
    </message>
    <message>
        <source>Checked in a new process: same answers on %1 of %2 pictures, largest difference %3.</source>
        <translation>已在新进程中校验：%2 张图片中有 %1 张回答一致，最大差异 %3。</translation>
    </message>
    <message>
        <source>The written file does not give the same answers: %1 of %2 pictures agree, largest difference %3. Do not use it.</source>
        <translation>写出的文件给出的回答不一致：%2 张图片中仅 %1 张相同，最大差异 %3。请勿使用。</translation>
    </message>
    <message>
        <source>Largest difference of a probability between the trained model and the file read again; at most 0.0001 is allowed.</source>
        <translation>训练所得模型与重新读取的文件之间概率的最大差异；允许的上限为 0.0001。</translation>
    </message>
    <message>
        <source>%1, model file %2, %3 ms a picture on this machine.</source>
        <translation>%1，模型文件 %2，在本机上每张图片 %3 毫秒。</translation>
    </message>
    <message>
        <source>quick model, %1</source>
        <translation>快速模型，%1</translation>
    </message>
</context>
<context>
    <name>graft::ui::FeatureCacheRow</name>
    <message>
        <source>&amp;Clear cache</source>
        <translation>清除缓存(&amp;C)</translation>
    </message>
    <message>
        <source>What frozen parts of a network make of the pictures is computed once and kept on the disk (feature cache), so that training again is quick. It only saves time.</source>
        <translation>网络中冻结部分对图片的计算结果只算一次并保存在磁盘上（特征缓存），再次训练就会很快。它只用于节省时间。</translation>
    </message>
    <message>
        <source>Delete it; what is needed again is computed again</source>
        <translation>删除缓存；再次需要时会重新计算</translation>
    </message>
    <message>
        <source>Feature cache: empty</source>
        <translation>特征缓存：空</translation>
    </message>
    <message>
        <source>Feature cache: %1 on the disk, at most %2</source>
        <translation>特征缓存：已用磁盘 %1，上限 %2</translation>
    </message>
</context>
<context>
    <name>graft::ui::ImageGrid</name>
    <message>
        <source>Cannot be read</source>
        <translation>无法读取</translation>
    </message>
    <message>
        <source>damaged</source>
        <translation>已损坏</translation>
    </message>
    <message>
        <source>left out</source>
        <translation>已排除</translation>
    </message>
    <message>
        <source>val</source>
        <translation>验证</translation>
    </message>
    <message>
        <source>test</source>
        <translation>测试</translation>
    </message>
</context>
<context>
    <name>graft::ui::LayerTreeModel</name>
    <message>
        <source>× %1</source>
        <translation>× %1</translation>
    </message>
    <message>
        <source>Frozen layers keep what they know: no gradient, batch-norm statistics do not move, dropout is off.</source>
        <translation>冻结的层保持已学到的内容：不计算梯度，批归一化统计量不更新，dropout 关闭。</translation>
    </message>
    <message>
        <source>Learning-rate multiplier of this part. 0.1: it changes ten times slower than the rest. Double-click to change.</source>
        <translation>该部分的学习率倍数。0.1 表示变化速度是其余部分的十分之一。双击修改。</translation>
    </message>
    <message>
        <source>Numbers (parameters) in this part.</source>
        <translation>该部分的参数数量。</translation>
    </message>
    <message>
        <source>%1: frozen</source>
        <translation>%1：已冻结</translation>
    </message>
    <message>
        <source>%1: learns</source>
        <translation>%1：参与训练</translation>
    </message>
    <message>
        <source>%1: partly frozen</source>
        <translation>%1：部分冻结</translation>
    </message>
    <message>
        <source>Part of the network</source>
        <translation>网络结构</translation>
    </message>
    <message>
        <source>Keep frozen</source>
        <translation>冻结</translation>
    </message>
    <message>
        <source>Learning speed</source>
        <translation>学习速度</translation>
    </message>
    <message>
        <source>Numbers</source>
        <translation>参数量</translation>
    </message>
</context>
<context>
    <name>graft::ui::MainMenu</name>
    <message>
        <source>&amp;File</source>
        <translation>文件(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Open folder…</source>
        <translation>打开文件夹(&amp;O)…</translation>
    </message>
    <message>
        <source>Open &amp;project…</source>
        <translation>打开项目(&amp;P)…</translation>
    </message>
    <message>
        <source>&amp;Try a sample</source>
        <translation>试用示例(&amp;T)</translation>
    </message>
    <message>
        <source>&amp;Recent projects</source>
        <translation>最近的项目(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Look for changes in the folder</source>
        <translation>检查文件夹的变动(&amp;L)</translation>
    </message>
    <message>
        <source>&amp;Find the moved folder…</source>
        <translation>查找已移动的文件夹(&amp;F)…</translation>
    </message>
    <message>
        <source>&amp;Close project</source>
        <translation>关闭项目(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>退出(&amp;Q)</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>编辑(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>撤销(&amp;U)</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>重做(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>视图(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;Theme</source>
        <translation>主题(&amp;T)</translation>
    </message>
    <message>
        <source>As the &amp;desktop</source>
        <translation>跟随桌面(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Light</source>
        <translation>浅色(&amp;L)</translation>
    </message>
    <message>
        <source>D&amp;ark</source>
        <translation>深色(&amp;A)</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>语言 Language(&amp;L)</translation>
    </message>
    <message>
        <source>As the &amp;system</source>
        <translation>跟随系统(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Run</source>
        <translation>训练(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Train</source>
        <translation>训练(&amp;T)</translation>
    </message>
    <message>
        <source>&amp;Pause</source>
        <translation>暂停(&amp;P)</translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation>停止(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>帮助(&amp;H)</translation>
    </message>
    <message>
        <source>&amp;Keys</source>
        <translation>快捷键(&amp;K)</translation>
    </message>
    <message>
        <source>&amp;About Graft</source>
        <translation>关于 Graft(&amp;A)</translation>
    </message>
    <message>
        <source>R&amp;esume</source>
        <translation>继续(&amp;E)</translation>
    </message>
</context>
<context>
    <name>graft::ui::MainWindow</name>
    <message>
        <source>The settings file was damaged. Graft starts with its defaults; the old file is kept as %1.</source>
        <translation>设置文件已损坏。Graft 以默认设置启动；旧文件保留为 %1。</translation>
    </message>
    <message>
        <source>The next step (Ctrl+Return)</source>
        <translation>下一步（Ctrl+回车）</translation>
    </message>
    <message>
        <source>open the sample</source>
        <translation>打开示例</translation>
    </message>
    <message>
        <source>close the project</source>
        <translation>关闭项目</translation>
    </message>
    <message>
        <source>&amp;Rescan</source>
        <translation>重新扫描(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Find the folder…</source>
        <translation>查找文件夹(&amp;F)…</translation>
    </message>
    <message>
        <source>The folder %1 is not there. Labels and runs are safe in the project; the pictures cannot be shown or trained on until it is found.</source>
        <translation>文件夹 %1 不存在。标注和训练记录安全保存在项目中；找到该文件夹之前，图片无法显示或用于训练。</translation>
    </message>
    <message>
        <source>&amp;Show it</source>
        <translation>查看(&amp;S)</translation>
    </message>
    <message>
        <source>%1 is ready: %2 % right on pictures it had not seen.</source>
        <translation>%1已完成：在没有见过的图片上识别正确 %2 %。</translation>
    </message>
    <message>
        <source>%1 ended early: %2</source>
        <translation>%1提前结束：%2</translation>
    </message>
    <message>
        <source>%1 – Graft</source>
        <translation>%1 – Graft</translation>
    </message>
    <message>
        <source>Graft</source>
        <translation>Graft</translation>
    </message>
    <message>
        <source>A training is under way. Save and stop it, and %1? It can go on later.</source>
        <translation>训练正在进行。要保存并停止训练，然后%1吗？之后可以继续训练。</translation>
    </message>
    <message>
        <source>Stop the training</source>
        <translation>停止训练</translation>
    </message>
    <message>
        <source>Keep training</source>
        <translation>继续训练</translation>
    </message>
    <message>
        <source>Saving the training…</source>
        <translation>正在保存训练…</translation>
    </message>
    <message>
        <source>open %1</source>
        <translation>打开 %1</translation>
    </message>
    <message>
        <source>The other language is used from the next start of Graft, so that what is under way goes on.</source>
        <translation>为了不中断正在进行的工作，新语言将在下次启动 Graft 时生效。</translation>
    </message>
    <message>
        <source>Saving the training before closing…</source>
        <translation>正在保存训练，随后关闭…</translation>
    </message>
</context>
<context>
    <name>graft::ui::PathPickers</name>
    <message>
        <source>Open a folder of images</source>
        <translation>打开图片文件夹</translation>
    </message>
    <message>
        <source>Open a project</source>
        <translation>打开项目</translation>
    </message>
    <message>
        <source>Graft projects (*.graft)</source>
        <translation>Graft 项目 (*.graft)</translation>
    </message>
    <message>
        <source>Where are the pictures now?</source>
        <translation>图片现在在哪里？</translation>
    </message>
</context>
<context>
    <name>graft::ui::SampleActions</name>
    <message>
        <source>Move to class %1</source>
        <translation>移到类别 %1</translation>
    </message>
    <message>
        <source>Leave out</source>
        <translation>排除</translation>
    </message>
    <message>
        <source>Show large</source>
        <translation>查看大图</translation>
    </message>
    <message>
        <source>&amp;Move to class</source>
        <translation>移到类别(&amp;M)</translation>
    </message>
    <message>
        <source>&amp;Leave out or take back	X</source>
        <translation>排除或恢复(&amp;L)	X</translation>
    </message>
    <message>
        <source>&amp;Use for</source>
        <translation>用于(&amp;U)</translation>
    </message>
    <message>
        <source>&amp;Training</source>
        <translation>训练集(&amp;T)</translation>
    </message>
    <message>
        <source>&amp;Validation</source>
        <translation>验证集(&amp;V)</translation>
    </message>
    <message>
        <source>T&amp;est</source>
        <translation>测试集(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;Show large	Space</source>
        <translation>查看大图(&amp;S)	Space</translation>
    </message>
    <message>
        <source>Select &amp;all	Ctrl+A</source>
        <translation>全选(&amp;A)	Ctrl+A</translation>
    </message>
</context>
<context>
    <name>graft::ui::MatrixModel</name>
    <message numerus="yes">
        <source>%n picture(s) of %1, recognised as %1</source>
        <translation>
            <numerusform>%n 张“%1”，识别为“%1”</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) of %1, taken for %2</source>
        <translation>
            <numerusform>%n 张“%1”，被误认为“%2”</numerusform>
        </translation>
    </message>
    <message>
        <source>The network says %1</source>
        <translation>网络回答：%1</translation>
    </message>
    <message>
        <source>It really is %1</source>
        <translation>实际是：%1</translation>
    </message>
</context>
<context>
    <name>graft::ui::MatrixView</name>
    <message>
        <source>Confusion matrix: rows are the true classes, columns the answers</source>
        <translation>混淆矩阵：行为真实类别，列为网络的回答</translation>
    </message>
</context>
<context>
    <name>graft::ui::MessageBar</name>
    <message>
        <source>Close this message</source>
        <translation>关闭此消息</translation>
    </message>
</context>
<context>
    <name>graft::ui::MetricTableModel</name>
    <message>
        <source>%1 (best so far)</source>
        <translation>%1（目前最佳）</translation>
    </message>
    <message>
        <source>Round</source>
        <translation>轮次</translation>
    </message>
    <message>
        <source>Training loss</source>
        <translation>训练损失</translation>
    </message>
    <message>
        <source>Validation loss</source>
        <translation>验证损失</translation>
    </message>
    <message>
        <source>Training accuracy</source>
        <translation>训练准确率</translation>
    </message>
    <message>
        <source>Validation accuracy</source>
        <translation>验证准确率</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>Pictures/s</source>
        <translation>图片/秒</translation>
    </message>
    <message>
        <source>quick model</source>
        <translation>快速模型</translation>
    </message>
</context>
<context>
    <name>graft::ui::ModelPage</name>
    <message>
        <source>Train only the new part</source>
        <translation>只训练新加的部分</translation>
    </message>
    <message>
        <source>Train everything</source>
        <translation>训练整个网络</translation>
    </message>
    <message>
        <source>Add pictures first; then choose the network that learns from them.</source>
        <translation>请先添加图片，然后选择用它们来学习的网络。</translation>
    </message>
    <message>
        <source>Go to Data</source>
        <translation>前往数据</translation>
    </message>
    <message>
        <source> px</source>
        <translation> px</translation>
    </message>
    <message>
        <source>As the network asks</source>
        <translation>由网络决定</translation>
    </message>
    <message>
        <source>Picture size</source>
        <translation>图片大小</translation>
    </message>
    <message>
        <source>Side of the square that the network sees (input size). Half the size is about four times as fast and sees less.</source>
        <translation>网络看到的正方形边长（输入尺寸）。减半后速度约为四倍，但看到的细节更少。</translation>
    </message>
    <message>
        <source>Dropout</source>
        <translation>Dropout</translation>
    </message>
    <message>
        <source>Share of the features left out at random while training, before the last layer (dropout). More fights learning by heart.</source>
        <translation>训练时在最后一层之前随机丢弃的特征比例（dropout）。值越大越能抑制死记硬背（过拟合）。</translation>
    </message>
    <message>
        <source>As the weight file says</source>
        <translation>按权重文件</translation>
    </message>
    <message>
        <source>Symmetric (PyTorch)</source>
        <translation>对称 (PyTorch)</translation>
    </message>
    <message>
        <source>TensorFlow &quot;same&quot;</source>
        <translation>TensorFlow “same”</translation>
    </message>
    <message>
        <source>Padding</source>
        <translation>填充</translation>
    </message>
    <message>
        <source>How convolutions treat the border (padding). Must match how the weights were trained.</source>
        <translation>卷积如何处理边缘（填充）。必须与训练权重时的方式一致。</translation>
    </message>
    <message>
        <source>Picture si&amp;ze</source>
        <translation>图片大小(&amp;Z)</translation>
    </message>
    <message>
        <source>&amp;Dropout</source>
        <translation>&amp;Dropout</translation>
    </message>
    <message>
        <source>&amp;Padding</source>
        <translation>填充(&amp;P)</translation>
    </message>
    <message>
        <source>Trained weights to start from</source>
        <translation>作为起点的预训练权重</translation>
    </message>
    <message>
        <source>Stages, blocks and layers of the network</source>
        <translation>网络的阶段、块和层</translation>
    </message>
    <message>
        <source>Freezes the whole backbone; only the head learns. Fast, and often enough with trained weights.</source>
        <translation>冻结整个骨干网络，只训练分类头。速度快，有预训练权重时往往已经足够。</translation>
    </message>
    <message>
        <source>Thaws all layers (fine-tuning). Slower, usually more accurate.</source>
        <translation>解冻所有层（微调）。较慢，但通常更准确。</translation>
    </message>
    <message>
        <source>Watch the training</source>
        <translation>查看训练</translation>
    </message>
    <message>
        <source>Train</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>Building the network …</source>
        <translation>正在构建网络…</translation>
    </message>
    <message>
        <source>Trainable: %1 of %2 numbers (%3)</source>
        <translation>可训练参数：%2 中的 %1（%3）</translation>
    </message>
    <message>
        <source>Everything is frozen, so nothing can learn. Thaw at least the new part (head).</source>
        <translation>全部已冻结，无法学习。请至少解冻新加的部分（分类头）。</translation>
    </message>
    <message>
        <source>Frozen parts without trained weights stay random. Choose weights, or train everything.</source>
        <translation>没有预训练权重时，冻结部分始终是随机值。请选择权重，或训练整个网络。</translation>
    </message>
    <message>
        <source>A training is under way: changes of frozen parts and learning speed take effect at its next step; another network or size counts for the next run.</source>
        <translation>训练正在进行：对冻结部分和学习速度的修改从下一步起生效；更换网络或尺寸则用于下一次训练。</translation>
    </message>
</context>
<context>
    <name>graft::ui::OptionsForm</name>
    <message>
        <source>Automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>More options</source>
        <translation>更多选项</translation>
    </message>
</context>
<context>
    <name>graft::ui::Page</name>
    <message>
        <source>Ctrl+O</source>
        <translation>Ctrl+O</translation>
    </message>
    <message>
        <source>Open a folder of images</source>
        <translation>打开图片文件夹</translation>
    </message>
    <message>
        <source>Ctrl+Shift+O</source>
        <translation>Ctrl+Shift+O</translation>
    </message>
    <message>
        <source>Open a project</source>
        <translation>打开项目</translation>
    </message>
    <message>
        <source>Ctrl+1 … Ctrl+6</source>
        <translation>Ctrl+1 … Ctrl+6</translation>
    </message>
    <message>
        <source>Data, Augment, Model, Train, Evaluate, Export</source>
        <translation>数据、增强、模型、训练、评估、导出</translation>
    </message>
    <message>
        <source>Ctrl+Return</source>
        <translation>Ctrl+回车</translation>
    </message>
    <message>
        <source>The next step (the button at the bottom right)</source>
        <translation>下一步（右下角的按钮）</translation>
    </message>
    <message>
        <source>Ctrl+Z, Ctrl+Shift+Z</source>
        <translation>Ctrl+Z、Ctrl+Shift+Z</translation>
    </message>
    <message>
        <source>Undo, redo</source>
        <translation>撤销、重做</translation>
    </message>
    <message>
        <source>F5, F6, Shift+F5</source>
        <translation>F5、F6、Shift+F5</translation>
    </message>
    <message>
        <source>Train, pause or resume, stop</source>
        <translation>训练、暂停或继续、停止</translation>
    </message>
    <message>
        <source>1 … 9</source>
        <translation>1 … 9</translation>
    </message>
    <message>
        <source>Move the selected pictures to a class (Data)</source>
        <translation>把选中的图片移到某个类别（数据）</translation>
    </message>
    <message>
        <source>X</source>
        <translation>X</translation>
    </message>
    <message>
        <source>Leave the selected pictures out, or take them back (Data)</source>
        <translation>排除或恢复选中的图片（数据）</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>空格</translation>
    </message>
    <message>
        <source>Show the picture large, and back (Data)</source>
        <translation>查看大图，再按返回（数据）</translation>
    </message>
    <message>
        <source>Arrows, Ctrl+A</source>
        <translation>方向键、Ctrl+A</translation>
    </message>
    <message>
        <source>Move through the pictures, select all (Data)</source>
        <translation>在图片间移动、全选（数据）</translation>
    </message>
    <message>
        <source>Ctrl + mouse wheel</source>
        <translation>Ctrl + 鼠标滚轮</translation>
    </message>
    <message>
        <source>Size of the pictures (Data)</source>
        <translation>图片显示大小（数据）</translation>
    </message>
    <message>
        <source>F2</source>
        <translation>F2</translation>
    </message>
    <message>
        <source>Rename the class (list of classes)</source>
        <translation>重命名类别（类别列表）</translation>
    </message>
    <message>
        <source>F9</source>
        <translation>F9</translation>
    </message>
    <message>
        <source>Fold the side with the selected picture (Data)</source>
        <translation>收起或展开选中图片的侧栏（数据）</translation>
    </message>
    <message>
        <source>Ctrl+Shift+R</source>
        <translation>Ctrl+Shift+R</translation>
    </message>
    <message>
        <source>Look for changes in the folder</source>
        <translation>检查文件夹的变动</translation>
    </message>
    <message>
        <source>F1</source>
        <translation>F1</translation>
    </message>
    <message>
        <source>This list</source>
        <translation>本列表</translation>
    </message>
    <message>
        <source>Ctrl+W, Ctrl+Q</source>
        <translation>Ctrl+W、Ctrl+Q</translation>
    </message>
    <message>
        <source>Close the project, quit</source>
        <translation>关闭项目、退出</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>快捷键</translation>
    </message>
    <message>
        <source>About Graft</source>
        <translation>关于 Graft</translation>
    </message>
    <message>
        <source>&lt;h2&gt;Graft %1&lt;/h2&gt;&lt;p&gt;Teach a trained network your own kinds of pictures, and watch it learn.&lt;/p&gt;&lt;p&gt;Everything stays on this computer. Your pictures are only read, never changed.&lt;/p&gt;&lt;p&gt;Free software under the GNU General Public License, version 3 or later. Built with Qt %2, LibTorch, OpenCV, SQLite and QCustomPlot.&lt;/p&gt;</source>
        <translation>&lt;h2&gt;Graft %1&lt;/h2&gt;&lt;p&gt;教预训练网络认识您自己的图片类别，并看着它学习。&lt;/p&gt;&lt;p&gt;一切都留在这台计算机上。您的图片只会被读取，绝不会被改动。&lt;/p&gt;&lt;p&gt;自由软件，采用 GNU 通用公共许可证第 3 版或更高版本。使用 Qt %2、LibTorch、OpenCV、SQLite 和 QCustomPlot 构建。&lt;/p&gt;</translation>
    </message>
</context>
<context>
    <name>graft::ui::PredictionModel</name>
    <message>
        <source>unknown</source>
        <translation>未知</translation>
    </message>
    <message>
        <source>left out now</source>
        <translation>现已排除</translation>
    </message>
    <message>
        <source>no class now</source>
        <translation>现无类别</translation>
    </message>
    <message>
        <source>moved to %1</source>
        <translation>已移到 %1</translation>
    </message>
    <message>
        <source>%1 %2</source>
        <translation>%1 %2</translation>
    </message>
    <message>
        <source>%1
said %2</source>
        <translation>%1
认作 %2</translation>
    </message>
    <message>
        <source>Right: it is %1, and the network is %2 sure.</source>
        <translation>正确：这是%1，网络的把握为 %2。</translation>
    </message>
    <message>
        <source>Mistake: it is %1, but the network says %2 and is %3 sure.</source>
        <translation>错误：这是%1，但网络认为是%2，把握为 %3。</translation>
    </message>
</context>
<context>
    <name>graft::ui::ProblemModel</name>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>What is odd about it</source>
        <translation>问题说明</translation>
    </message>
</context>
<context>
    <name>graft::ui::ProjectOpener</name>
    <message>
        <source>Looking for an earlier project</source>
        <translation>正在查找已有项目</translation>
    </message>
    <message>
        <source>Opening the project</source>
        <translation>正在打开项目</translation>
    </message>
    <message>
        <source>Making the project</source>
        <translation>正在创建项目</translation>
    </message>
    <message>
        <source>Surface inspection</source>
        <translation>表面检测</translation>
    </message>
    <message>
        <source>Drawing the sample pictures</source>
        <translation>正在绘制示例图片</translation>
    </message>
    <message>
        <source>This project is open in another window of Graft, so it can be looked at here but not changed.</source>
        <translation>该项目已在另一个 Graft 窗口中打开，这里只能查看，不能修改。</translation>
    </message>
    <message>
        <source>one picture was added</source>
        <translation>新增 1 张图片</translation>
    </message>
    <message>
        <source>%1 pictures were added</source>
        <translation>新增 %1 张图片</translation>
    </message>
    <message>
        <source>one was removed</source>
        <translation>删除 1 张</translation>
    </message>
    <message>
        <source>%1 were removed</source>
        <translation>删除 %1 张</translation>
    </message>
    <message>
        <source>one was moved</source>
        <translation>移动 1 张</translation>
    </message>
    <message>
        <source>%1 were moved</source>
        <translation>移动 %1 张</translation>
    </message>
    <message>
        <source>one was changed</source>
        <translation>改动 1 张</translation>
    </message>
    <message>
        <source>%1 were changed</source>
        <translation>改动 %1 张</translation>
    </message>
    <message>
        <source>The folder is not as it was: %1.</source>
        <translation>文件夹有变动：%1。</translation>
    </message>
    <message>
        <source>, </source>
        <translation>，</translation>
    </message>
    <message>
        <source>The project now shows what is in the folder.</source>
        <translation>项目已与文件夹内容同步。</translation>
    </message>
</context>
<context>
    <name>graft::ui::PublishedWeights</name>
    <message>
        <source>%1: %2 right on %3, %4, %5</source>
        <translation>%1：%3 准确率 %2，%4，%5</translation>
    </message>
    <message>
        <source>, here</source>
        <translation>，本机已有</translation>
    </message>
    <message>
        <source>Download the weights %1?

Size: %2
From: %3
Licence: %4

%5

Nothing else is sent or fetched; the file is checked before it is used.</source>
        <translation>下载权重 %1？

大小：%2
来源：%3
许可证：%4

%5

除此之外不会发送或获取任何内容；文件在使用前会经过校验。</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Published weights</source>
        <translation>公开发布的权重</translation>
    </message>
    <message>
        <source>Weights that the makers of this network publish. Those that are here are taken at once; others only after you agree to the download.</source>
        <translation>该网络的作者发布的权重。本机已有的直接使用；其余的在您同意下载后才会获取。</translation>
    </message>
    <message>
        <source>Progress of the download</source>
        <translation>下载进度</translation>
    </message>
    <message>
        <source>Stops the download; what has come is kept for the next attempt</source>
        <translation>停止下载；已下载的部分会保留，供下次继续</translation>
    </message>
    <message>
        <source>Published weights…</source>
        <translation>公开权重…</translation>
    </message>
    <message>
        <source>Download (%1)…</source>
        <translation>下载（%1）…</translation>
    </message>
    <message>
        <source>Download (%1)</source>
        <translation>下载（%1）</translation>
    </message>
    <message>
        <source>The download was stopped; what has come is kept, and the next attempt goes on from there.</source>
        <translation>下载已停止；已下载的部分会保留，下次从断点继续。</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 / %2</translation>
    </message>
</context>
<context>
    <name>graft::ui::RunControls</name>
    <message>
        <source>A&amp;pply</source>
        <translation>应用(&amp;P)</translation>
    </message>
    <message>
        <source>&amp;Check now</source>
        <translation>立即评估(&amp;C)</translation>
    </message>
    <message>
        <source>Save n&amp;ow</source>
        <translation>立即保存(&amp;O)</translation>
    </message>
    <message>
        <source>now %1</source>
        <translation>当前 %1</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>Base learning rate; the schedule goes on from it. Enter applies it at the next step.</source>
        <translation>基础学习率，学习率调度以它为准。按回车后从下一步起生效。</translation>
    </message>
    <message>
        <source>Use this learning rate from the next step on</source>
        <translation>从下一步起使用这个学习率</translation>
    </message>
    <message>
        <source>Parts of the network that are kept frozen</source>
        <translation>保持冻结的网络部分</translation>
    </message>
    <message>
        <source>Augmentation strength</source>
        <translation>增强强度</translation>
    </message>
    <message>
        <source>0 switches the random changes of pictures off</source>
        <translation>0 表示关闭图片的随机变化</translation>
    </message>
    <message>
        <source>Scales all random changes of the training pictures (augmentation); 0 switches them off.</source>
        <translation>统一缩放训练图片的所有随机变化（数据增强）；0 表示关闭。</translation>
    </message>
    <message>
        <source>Measure the accuracy on the validation pictures now</source>
        <translation>立即在验证图片上测量准确率</translation>
    </message>
    <message>
        <source>Write a checkpoint now</source>
        <translation>立即写入检查点</translation>
    </message>
    <message>
        <source>Learning &amp;rate</source>
        <translation>学习率(&amp;R)</translation>
    </message>
    <message>
        <source>Au&amp;gmentation strength</source>
        <translation>增强强度(&amp;G)</translation>
    </message>
</context>
<context>
    <name>graft::ui::RunHeadline</name>
    <message>
        <source>&amp;Pause</source>
        <translation>暂停(&amp;P)</translation>
    </message>
    <message>
        <source>S&amp;top</source>
        <translation>停止(&amp;T)</translation>
    </message>
    <message>
        <source>Train a&amp;gain</source>
        <translation>重新训练(&amp;G)</translation>
    </message>
    <message>
        <source>Progress of the training</source>
        <translation>训练进度</translation>
    </message>
    <message>
        <source>Wait between two steps; nothing is lost</source>
        <translation>在两步之间等待，不会丢失任何内容</translation>
    </message>
    <message>
        <source>Save and stop; the run can go on later</source>
        <translation>保存并停止；之后可以继续</translation>
    </message>
    <message>
        <source>Start a new run with the present data, model and options</source>
        <translation>用当前的数据、模型和选项开始新的训练</translation>
    </message>
    <message>
        <source>Accuracy appears after the first round.</source>
        <translation>第一轮结束后显示准确率。</translation>
    </message>
    <message>
        <source>This run has no accuracy yet.</source>
        <translation>这次训练还没有准确率。</translation>
    </message>
    <message>
        <source>, round %1</source>
        <translation>，第 %1 轮</translation>
    </message>
    <message>
        <source>Press Train: the accuracy on pictures that the network did not learn from appears here.</source>
        <translation>点击“训练”：这里会显示网络在没有学过的图片上的准确率。</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1：%2</translation>
    </message>
    <message>
        <source>Validation accuracy %1</source>
        <translation>验证准确率 %1</translation>
    </message>
    <message>
        <source>right on %1 validation pictures (%2)%3</source>
        <translation>%1 张验证图片上识别正确（%2）%3</translation>
    </message>
    <message>
        <source>&amp;Resume</source>
        <translation>继续(&amp;R)</translation>
    </message>
    <message>
        <source>Saving and stopping …</source>
        <translation>正在保存并停止…</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>Preparing</source>
        <translation>准备中</translation>
    </message>
    <message>
        <source>round %1 of %2</source>
        <translation>第 %1 / %2 轮</translation>
    </message>
    <message>
        <source>%1 pictures/s</source>
        <translation>%1 张/秒</translation>
    </message>
    <message>
        <source>%1 of the features from the cache (%2)</source>
        <translation>%1 的特征来自缓存（%2）</translation>
    </message>
    <message>
        <source>, quick model</source>
        <translation>，快速模型</translation>
    </message>
    <message>
        <source>: quick model ready, improving</source>
        <translation>：快速模型已就绪，正在改进</translation>
    </message>
    <message>
        <source>: first estimate</source>
        <translation>：初步估计</translation>
    </message>
    <message>
        <source>A quick model is made first; its accuracy appears in a moment.</source>
        <translation>正在先生成快速模型，稍后即可看到它的准确率。</translation>
    </message>
    <message>
        <source>Best validation accuracy so far. With other pictures of the same kind it would lie between these bounds in 95 of 100 cases (Wilson interval). The best round was chosen on these very pictures, so it is slightly optimistic. The quick model is the network as it came with a new head (logistic regression); training goes on from it, and a round takes its place only when it is better.</source>
        <translation>目前最佳的验证准确率。换用同类的其他图片，100 次中有 95 次会落在这个范围内（Wilson 区间）。最佳轮次正是用这些图片选出的，因此略偏乐观。快速模型是原有网络加上新的分类头（逻辑回归）；训练从它继续，只有更好的轮次才会取代它。</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 / %2</translation>
    </message>
</context>
<context>
    <name>graft::ui::RunListModel</name>
    <message>
        <source>none yet</source>
        <translation>暂无</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 / %2</translation>
    </message>
    <message>
        <source>Check to lay this run&apos;s curves over the others. F2 renames it.</source>
        <translation>勾选后把这次训练的曲线叠加到其他曲线上。按 F2 重命名。</translation>
    </message>
    <message>
        <source>Best accuracy on the validation pictures</source>
        <translation>验证图片上的最佳准确率</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>训练记录</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Best accuracy</source>
        <translation>最佳准确率</translation>
    </message>
    <message>
        <source>Rounds</source>
        <translation>轮数</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>开始时间</translation>
    </message>
    <message>
        <source>%1 (quick model)</source>
        <translation>%1（快速模型）</translation>
    </message>
    <message>
        <source>Preparing</source>
        <translation>准备中</translation>
    </message>
</context>
<context>
    <name>graft::ui::RunPlots</name>
    <message>
        <source>Loss</source>
        <translation>损失</translation>
    </message>
    <message>
        <source>Accuracy</source>
        <translation>准确率</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>Lo&amp;g scale</source>
        <translation>对数坐标(&amp;G)</translation>
    </message>
    <message>
        <source>How wrong the answers are (cross-entropy); lower is better</source>
        <translation>回答错误的程度（交叉熵），越低越好</translation>
    </message>
    <message>
        <source>Round</source>
        <translation>轮次</translation>
    </message>
    <message>
        <source>Curves</source>
        <translation>曲线</translation>
    </message>
    <message>
        <source>Figures of each round</source>
        <translation>每轮指标</translation>
    </message>
    <message>
        <source>Table</source>
        <translation>表格</translation>
    </message>
    <message>
        <source>What happened in this run</source>
        <translation>这次训练中发生的事件</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message>
        <source>Smoothing</source>
        <translation>平滑</translation>
    </message>
    <message>
        <source>Calms the training curves (exponential moving average)</source>
        <translation>使训练曲线更平滑（指数移动平均）</translation>
    </message>
    <message>
        <source>Loss and learning rate in decades (logarithmic axis)</source>
        <translation>损失和学习率使用对数坐标轴</translation>
    </message>
    <message>
        <source>Show &amp;all</source>
        <translation>显示全部(&amp;A)</translation>
    </message>
    <message>
        <source>Ends the zoom; a double click in a plot does the same</source>
        <translation>取消缩放；在图中双击效果相同</translation>
    </message>
    <message>
        <source>Sa&amp;ve plot…</source>
        <translation>保存图表(&amp;V)…</translation>
    </message>
    <message>
        <source>As picture (PNG), drawing (PDF) or table (CSV)</source>
        <translation>保存为图片 (PNG)、矢量图 (PDF) 或表格 (CSV)</translation>
    </message>
    <message>
        <source>Loss…</source>
        <translation>损失…</translation>
    </message>
    <message>
        <source>Accuracy…</source>
        <translation>准确率…</translation>
    </message>
    <message>
        <source>Learning rate…</source>
        <translation>学习率…</translation>
    </message>
    <message>
        <source>S&amp;moothing</source>
        <translation>平滑(&amp;M)</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>Validation</source>
        <translation>验证</translation>
    </message>
    <message>
        <source>Rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>%1, training</source>
        <translation>%1，训练</translation>
    </message>
    <message>
        <source>Save the plot</source>
        <translation>保存图表</translation>
    </message>
    <message>
        <source>Picture (*.png);;Drawing (*.pdf);;Table (*.csv)</source>
        <translation>图片 (*.png);;矢量图 (*.pdf);;表格 (*.csv)</translation>
    </message>
</context>
<context>
    <name>graft::ui::SampleDetails</name>
    <message>
        <source>The selected picture</source>
        <translation>选中的图片</translation>
    </message>
    <message>
        <source>Click a picture to see it large.</source>
        <translation>点击图片查看大图。</translation>
    </message>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Class</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Used for</source>
        <translation>用途</translation>
    </message>
    <message>
        <source>nothing (left out)</source>
        <translation>不使用（已排除）</translation>
    </message>
    <message>
        <source>nothing (damaged)</source>
        <translation>不使用（已损坏）</translation>
    </message>
    <message>
        <source>training</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>validation</source>
        <translation>验证</translation>
    </message>
    <message>
        <source>test</source>
        <translation>测试</translation>
    </message>
    <message>
        <source>nothing yet</source>
        <translation>尚未指定</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>尺寸</translation>
    </message>
    <message>
        <source>%1 × %2 pixels</source>
        <translation>%1 × %2 像素</translation>
    </message>
    <message>
        <source>On disk</source>
        <translation>文件大小</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>备注</translation>
    </message>
    <message>
        <source>the same picture exists more than once</source>
        <translation>同一张图片出现多次</translation>
    </message>
    <message>
        <source>Problem</source>
        <translation>问题</translation>
    </message>
</context>
<context>
    <name>graft::ui::SampleModel</name>
    <message>
        <source>no class</source>
        <translation>无类别</translation>
    </message>
    <message>
        <source>%1, class %2</source>
        <translation>%1，类别 %2</translation>
    </message>
</context>
<context>
    <name>graft::ui::SettingsLine</name>
    <message>
        <source>Chosen for this data:</source>
        <translation>根据这批数据选择：</translation>
    </message>
    <message>
        <source>%1 at %2 px</source>
        <translation>%1，%2 px</translation>
    </message>
    <message>
        <source>%1 from scratch at %2 px</source>
        <translation>从头训练 %1，%2 px</translation>
    </message>
    <message>
        <source>%1, partly frozen</source>
        <translation>%1，部分冻结</translation>
    </message>
    <message>
        <source>mirrored and cropped</source>
        <translation>镜像并裁剪</translation>
    </message>
    <message>
        <source>mirrored</source>
        <translation>镜像</translation>
    </message>
    <message>
        <source>cropped</source>
        <translation>裁剪</translation>
    </message>
    <message>
        <source>randomly changed</source>
        <translation>随机变化</translation>
    </message>
    <message>
        <source>pictures as they are</source>
        <translation>图片保持原样</translation>
    </message>
    <message>
        <source>1 round</source>
        <translation>1 轮</translation>
    </message>
    <message>
        <source>%1 rounds</source>
        <translation>%1 轮</translation>
    </message>
    <message>
        <source>%1 pictures in %2 classes: %3, %4, %5.</source>
        <translation>%1 张图片，%2 个类别：%3，%4，%5。</translation>
    </message>
    <message>
        <source>Careful with mirroring: %1</source>
        <translation>请留意镜像：%1</translation>
    </message>
</context>
<context>
    <name>graft::ui::Sidebar</name>
    <message>
        <source>Data</source>
        <translation>数据</translation>
    </message>
    <message>
        <source>Augment</source>
        <translation>增强</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Train</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>Evaluate</source>
        <translation>评估</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>ready</source>
        <translation>就绪</translation>
    </message>
    <message>
        <source>running</source>
        <translation>运行中</translation>
    </message>
    <message>
        <source>needs a look</source>
        <translation>需要关注</translation>
    </message>
    <message>
        <source>nothing here yet</source>
        <translation>暂无内容</translation>
    </message>
    <message>
        <source>Places</source>
        <translation>页面</translation>
    </message>
    <message>
        <source>%1 (Ctrl+%2)</source>
        <translation>%1（Ctrl+%2）</translation>
    </message>
</context>
<context>
    <name>graft::ui::SimilarRow</name>
    <message>
        <source>Nearest neighbours: the cosine between what the network makes of two pictures (features), 1 for the same. Neighbours of another class hint at a wrong label or at what the network mistakes for each other.</source>
        <translation>最近邻：网络对两张图片所提取特征之间的余弦相似度，相同为 1。邻近图片属于其他类别时，可能是标签有误，或网络容易把它们混淆。</translation>
    </message>
    <message>
        <source>Looking for similar training pictures…</source>
        <translation>正在查找相似的训练图片…</translation>
    </message>
    <message>
        <source>no class</source>
        <translation>无类别</translation>
    </message>
    <message>
        <source>%1, class %2, similarity %3</source>
        <translation>%1，类别 %2，相似度 %3</translation>
    </message>
    <message>
        <source>The most similar training pictures:</source>
        <translation>最相似的训练图片：</translation>
    </message>
    <message>
        <source>There are no training pictures to compare with.</source>
        <translation>没有可供比较的训练图片。</translation>
    </message>
</context>
<context>
    <name>graft::ui::SplitDialog</name>
    <message>
        <source>Change the split</source>
        <translation>更改划分</translation>
    </message>
    <message>
        <source>Your folders say which pictures are for training and which for checking. A new split replaces that in the project; your folders stay as they are, and Undo brings the old split back.</source>
        <translation>您的文件夹已经指定哪些图片用于训练、哪些用于检验。新的划分会在项目中取代它；文件夹保持原样，撤销即可恢复原来的划分。</translation>
    </message>
    <message>
        <source>The network learns from the training pictures and is checked on pictures it has never seen. Equal pictures always stay together.</source>
        <translation>网络从训练图片中学习，并用从未见过的图片检验。相同的图片始终分在同一组。</translation>
    </message>
    <message>
        <source> %</source>
        <translation> %</translation>
    </message>
    <message>
        <source>Validation: chooses the best round (epoch) while training</source>
        <translation>验证集：训练时用来选择最佳轮次</translation>
    </message>
    <message>
        <source>Test: looked at only for the final figures</source>
        <translation>测试集：只用于得出最终指标</translation>
    </message>
    <message>
        <source>Another number draws another split of the same shares</source>
        <translation>换一个数字会按相同比例重新划分</translation>
    </message>
    <message>
        <source>&amp;Validation</source>
        <translation>验证集(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;Test</source>
        <translation>测试集(&amp;T)</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>训练集</translation>
    </message>
    <message>
        <source>&amp;Seed</source>
        <translation>随机种子(&amp;S)</translation>
    </message>
    <message>
        <source>Split again</source>
        <translation>重新划分</translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation>%1 %</translation>
    </message>
</context>
<context>
    <name>graft::ui::StartPage</name>
    <message>
        <source>Opening…</source>
        <translation>正在打开…</translation>
    </message>
    <message>
        <source> – %1 of %2</source>
        <translation> – %1 / %2</translation>
    </message>
    <message>
        <source>Drop a folder of images here</source>
        <translation>把图片文件夹拖到这里</translation>
    </message>
    <message>
        <source>Each folder inside it becomes a class. Your pictures are only looked at, never copied or changed.</source>
        <translation>其中每个子文件夹成为一个类别。您的图片只会被读取，绝不会被复制或改动。</translation>
    </message>
    <message>
        <source>&amp;Open folder…</source>
        <translation>打开文件夹(&amp;O)…</translation>
    </message>
    <message>
        <source>Choose a folder of images (Ctrl+O)</source>
        <translation>选择图片文件夹（Ctrl+O）</translation>
    </message>
    <message>
        <source>&amp;Try a sample</source>
        <translation>试用示例(&amp;T)</translation>
    </message>
    <message>
        <source>300 small pictures that Graft draws itself; works offline</source>
        <translation>由 Graft 自己绘制的 300 张小图片；可离线使用</translation>
    </message>
    <message>
        <source>Open &amp;project…</source>
        <translation>打开项目(&amp;P)…</translation>
    </message>
    <message>
        <source>Choose a .graft file (Ctrl+Shift+O)</source>
        <translation>选择 .graft 文件（Ctrl+Shift+O）</translation>
    </message>
    <message>
        <source>&amp;Go on with</source>
        <translation>继续之前的项目(&amp;G)</translation>
    </message>
    <message>
        <source>Recent projects</source>
        <translation>最近的项目</translation>
    </message>
    <message>
        <source>Progress of opening</source>
        <translation>打开进度</translation>
    </message>
    <message>
        <source>&amp;Cancel</source>
        <translation>取消(&amp;C)</translation>
    </message>
</context>
<context>
    <name>graft::ui::StatusLine</name>
    <message>
        <source>almost done</source>
        <translation>即将完成</translation>
    </message>
    <message>
        <source>about %1 s left</source>
        <translation>还需约 %1 秒</translation>
    </message>
    <message>
        <source>about %1 min left</source>
        <translation>还需约 %1 分钟</translation>
    </message>
    <message>
        <source>about %1 h %2 min left</source>
        <translation>还需约 %1 小时 %2 分钟</translation>
    </message>
    <message>
        <source>Show the training</source>
        <translation>查看训练</translation>
    </message>
    <message>
        <source>Progress of the training</source>
        <translation>训练进度</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Save and stop the training; it can go on later (Shift+F5)</source>
        <translation>保存并停止训练；之后可以继续（Shift+F5）</translation>
    </message>
    <message>
        <source>Read-only</source>
        <translation>只读</translation>
    </message>
    <message>
        <source>All changes saved</source>
        <translation>所有改动已保存</translation>
    </message>
    <message>
        <source>Saved just now</source>
        <translation>刚刚已保存</translation>
    </message>
    <message>
        <source>Saved %1 s ago</source>
        <translation>%1 秒前已保存</translation>
    </message>
    <message>
        <source>Saved %1 min ago</source>
        <translation>%1 分钟前已保存</translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation>%1 %</translation>
    </message>
    <message>
        <source>Round %1 of %2</source>
        <translation>第 %1 / %2 轮</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Go on with the training (F6)</source>
        <translation>继续训练（F6）</translation>
    </message>
    <message>
        <source>Pause the training (F6)</source>
        <translation>暂停训练（F6）</translation>
    </message>
</context>
<context>
    <name>graft::ui::Texts</name>
    <message>
        <source>%1 %</source>
        <translation>%1 %</translation>
    </message>
    <message>
        <source>%1 to %2 %</source>
        <translation>%1 至 %2 %</translation>
    </message>
    <message>
        <source>less than 10 s</source>
        <translation>不到 10 秒</translation>
    </message>
    <message>
        <source>about %1 s</source>
        <translation>约 %1 秒</translation>
    </message>
    <message>
        <source>about %1 min</source>
        <translation>约 %1 分钟</translation>
    </message>
    <message>
        <source>about %1 h %2 min</source>
        <translation>约 %1 小时 %2 分钟</translation>
    </message>
    <message>
        <source>estimating the time</source>
        <translation>正在估算时间</translation>
    </message>
    <message>
        <source>%1 left</source>
        <translation>还需%1</translation>
    </message>
    <message>
        <source>%1 MB</source>
        <translation>%1 MB</translation>
    </message>
    <message>
        <source>d MMM yyyy, HH:mm</source>
        <translation>yyyy年M月d日 HH:mm</translation>
    </message>
    <message>
        <source>Not started</source>
        <translation>未开始</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>运行中</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>Finished</source>
        <translation>已完成</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Interrupted</source>
        <translation>已中断</translation>
    </message>
    <message>
        <source>training pictures</source>
        <translation>训练图片</translation>
    </message>
    <message>
        <source>validation pictures</source>
        <translation>验证图片</translation>
    </message>
    <message>
        <source>test pictures</source>
        <translation>测试图片</translation>
    </message>
    <message>
        <source>pictures without a split</source>
        <translation>未划分的图片</translation>
    </message>
    <message>
        <source>Training started.</source>
        <translation>训练开始。</translation>
    </message>
    <message>
        <source>Paused.</source>
        <translation>已暂停。</translation>
    </message>
    <message>
        <source>Paused: %1</source>
        <translation>已暂停：%1</translation>
    </message>
    <message>
        <source>Going on.</source>
        <translation>继续进行。</translation>
    </message>
    <message>
        <source>Changed before step %1: %2.</source>
        <translation>已在第 %1 步之前更改：%2。</translation>
    </message>
    <message>
        <source>Not changed: %1</source>
        <translation>未更改：%1</translation>
    </message>
    <message>
        <source>Saved as the best so far.</source>
        <translation>已保存为目前最佳。</translation>
    </message>
    <message>
        <source>Saved (%1).</source>
        <translation>已保存（%1）。</translation>
    </message>
    <message>
        <source>Round %1 is done.</source>
        <translation>第 %1 轮完成。</translation>
    </message>
    <message>
        <source>Left out %1: %2</source>
        <translation>已排除 %1：%2</translation>
    </message>
    <message>
        <source>Finished.</source>
        <translation>已完成。</translation>
    </message>
    <message>
        <source>Finished: %1</source>
        <translation>已完成：%1</translation>
    </message>
    <message>
        <source>Stopped and saved. It can go on from here.</source>
        <translation>已停止并保存，可从此处继续。</translation>
    </message>
    <message>
        <source>Failed: %1</source>
        <translation>失败：%1</translation>
    </message>
    <message>
        <source>%1: %2 % right</source>
        <translation>%1：识别正确 %2 %</translation>
    </message>
    <message>
        <source>%1: failed in round %2</source>
        <translation>%1：在第 %2 轮失败</translation>
    </message>
    <message>
        <source>%1: stopped after round %2, can go on</source>
        <translation>%1：第 %2 轮后停止，可继续</translation>
    </message>
    <message>
        <source>%1 classes, %2 pictures</source>
        <translation>%1 个类别，%2 张图片</translation>
    </message>
    <message>
        <source>%1 GB</source>
        <translation>%1 GB</translation>
    </message>
</context>
<context>
    <name>graft::ui::TrainPage</name>
    <message>
        <source>Go &amp;on</source>
        <translation>继续(&amp;O)</translation>
    </message>
    <message>
        <source>Re&amp;name</source>
        <translation>重命名(&amp;N)</translation>
    </message>
    <message>
        <source>Remo&amp;ve</source>
        <translation>移除(&amp;V)</translation>
    </message>
    <message>
        <source>Add pictures first; training starts from them.</source>
        <translation>请先添加图片，训练从图片开始。</translation>
    </message>
    <message>
        <source>Go to Data</source>
        <translation>前往数据</translation>
    </message>
    <message>
        <source>Runs of this project</source>
        <translation>本项目的训练记录</translation>
    </message>
    <message>
        <source>Go on with this run from its last checkpoint</source>
        <translation>从最后一个检查点继续这次训练</translation>
    </message>
    <message>
        <source>Take this run out of the list; its files stay on the disk</source>
        <translation>从列表中移除这次训练；其文件仍保留在磁盘上</translation>
    </message>
    <message>
        <source>Saved %1.</source>
        <translation>已保存 %1。</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>导出…</translation>
    </message>
    <message>
        <source>Train</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>Model ready: %1 right on %2 validation pictures.</source>
        <translation>模型已就绪：在 %2 张验证图片上识别正确 %1。</translation>
    </message>
    <message>
        <source>%1  %2 was made.</source>
        <translation>%1  已创建%2。</translation>
    </message>
    <message>
        <source>Take %1 out of the list? Its checkpoints stay on the disk, but the list will not show it again.</source>
        <translation>要从列表中移除%1吗？它的检查点仍保留在磁盘上，但列表中不再显示。</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>保留</translation>
    </message>
</context>
<context>
    <name>graft::ui::TrainSide</name>
    <message>
        <source>While it runs</source>
        <translation>运行中调整</translation>
    </message>
    <message>
        <source>Training options</source>
        <translation>训练选项</translation>
    </message>
</context>
<context>
    <name>graft::ui::TryPanel</name>
    <message>
        <source>C&amp;hoose a picture…</source>
        <translation>选择图片(&amp;H)…</translation>
    </message>
    <message>
        <source>&amp;Paste</source>
        <translation>粘贴(&amp;P)</translation>
    </message>
    <message>
        <source>The picture that is tried</source>
        <translation>正在试用的图片</translation>
    </message>
    <message>
        <source>Ask the model about a picture that is not in the data (inference)</source>
        <translation>让模型识别一张不在数据中的图片（推理）</translation>
    </message>
    <message>
        <source>The picture or picture file in the clipboard (Ctrl+V)</source>
        <translation>剪贴板中的图片或图片文件（Ctrl+V）</translation>
    </message>
    <message>
        <source>Drop a picture here, or paste one (Ctrl+V).</source>
        <translation>把图片拖到这里，或粘贴图片（Ctrl+V）。</translation>
    </message>
    <message>
        <source>Choose a picture to try</source>
        <translation>选择要试用的图片</translation>
    </message>
    <message>
        <source>Pictures (%1);;All files (*)</source>
        <translation>图片 (%1);;所有文件 (*)</translation>
    </message>
    <message>
        <source>There is no picture in the clipboard. Copy a picture or a picture file first.</source>
        <translation>剪贴板中没有图片。请先复制图片或图片文件。</translation>
    </message>
    <message>
        <source>Looking at the picture …</source>
        <translation>正在识别图片…</translation>
    </message>
    <message>
        <source>Perhaps %1</source>
        <translation>可能是%1</translation>
    </message>
    <message>
        <source>The model is only %1 sure: the picture may be of another kind than the training pictures.</source>
        <translation>模型的把握只有 %1：这张图片可能与训练图片不同类。</translation>
    </message>
    <message>
        <source>The model is %1 sure.</source>
        <translation>模型的把握为 %1。</translation>
    </message>
    <message>
        <source>Probability of the most likely class (softmax). It is high for anything that looks like a class, also for what is none of them.</source>
        <translation>最可能类别的概率（softmax）。只要看起来像某个类别，概率就会很高，即使图片并不属于任何类别。</translation>
    </message>
    <message>
        <source>No answer</source>
        <translation>没有结果</translation>
    </message>
</context>
<context>
    <name>graft::ui::WeightsBox</name>
    <message>
        <source>&amp;Own weights…</source>
        <translation>自己的权重(&amp;O)…</translation>
    </message>
    <message>
        <source>Without weights</source>
        <translation>不使用权重</translation>
    </message>
    <message>
        <source>Details of the check</source>
        <translation>检查详情</translation>
    </message>
    <message>
        <source>Start from a file of trained weights (.safetensors, or .pth and .pt from PyTorch). The file is read as data only; no code in it can run.</source>
        <translation>从训练好的权重文件开始（.safetensors，或 PyTorch 的 .pth 和 .pt）。文件只作为数据读取，其中的代码无法运行。</translation>
    </message>
    <message>
        <source>Start from random numbers (training from scratch)</source>
        <translation>从随机数开始（从头训练）</translation>
    </message>
    <message>
        <source>Choose a file of trained weights</source>
        <translation>选择训练好的权重文件</translation>
    </message>
    <message>
        <source>Weights (*.safetensors *.pth *.pt *.th *.bin *.ckpt *.pth.tar);;All files (*)</source>
        <translation>权重 (*.safetensors *.pth *.pt *.th *.bin *.ckpt *.pth.tar);;所有文件 (*)</translation>
    </message>
    <message>
        <source>Checking %1 …</source>
        <translation>正在检查 %1…</translation>
    </message>
    <message>
        <source>The weights fit</source>
        <translation>权重匹配</translation>
    </message>
    <message>
        <source>The weights do not fit</source>
        <translation>权重不匹配</translation>
    </message>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Network named in the file</source>
        <translation>文件中注明的网络</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>许可证</translation>
    </message>
    <message>
        <source>not stated in the file</source>
        <translation>文件中未注明</translation>
    </message>
    <message>
        <source>Taken over</source>
        <translation>已采用</translation>
    </message>
    <message>
        <source>%1 tensors</source>
        <translation>%1 个张量</translation>
    </message>
    <message>
        <source>Missing in the file</source>
        <translation>文件中缺少</translation>
    </message>
    <message>
        <source>Not used</source>
        <translation>未使用</translation>
    </message>
    <message>
        <source>Other shape</source>
        <translation>形状不同</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>图片</translation>
    </message>
    <message>
        <source>resized to %1 px, cut to %2 px</source>
        <translation>缩放到 %1 px，裁剪到 %2 px</translation>
    </message>
    <message>
        <source>Mean and spread of the colours</source>
        <translation>颜色的均值和标准差</translation>
    </message>
    <message>
        <source> and </source>
        <translation>和</translation>
    </message>
    <message>
        <source>Padding</source>
        <translation>填充</translation>
    </message>
    <message>
        <source>Detail</source>
        <translation>详情</translation>
    </message>
    <message>
        <source>Without trained weights the network starts from random numbers (training from scratch). It needs many pictures and more rounds; expect lower accuracy.</source>
        <translation>没有预训练权重时，网络从随机数开始（从头训练），需要更多图片和更多轮次，准确率会较低。</translation>
    </message>
    <message>
        <source>and %1 more</source>
        <translation>以及另外 %1 个</translation>
    </message>
</context>
<context>
    <name>main</name>
    <message>
        <source>Graft teaches a trained network your own kinds of pictures, in a window.
Without a window, the program graft-cli does the same.</source>
        <translation>Graft 在窗口中教预训练网络认识您自己的图片类别。
没有窗口时，可用程序 graft-cli 完成同样的工作。</translation>
    </message>
    <message>
        <source>A folder of pictures or a .graft project to open.</source>
        <translation>要打开的图片文件夹或 .graft 项目。</translation>
    </message>
</context>
</TS>
