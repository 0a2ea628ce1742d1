// LeNet with dlib: its trainer's step, which is plain momentum.
#include <dlib/dnn.h>

#include <vector>

/// dlib::con would pad the image.
template <long Filters, class Below>
using convolution =
    dlib::max_pool<2, 2, 2, 2,
                   dlib::relu<dlib::add_layer<dlib::con_<Filters, 5, 5, 1, 1, 0, 0>, Below>>>;
using lenet = dlib::loss_multiclass_log<dlib::fc<
    10, dlib::relu<dlib::fc<
            84, dlib::relu<dlib::fc<
                    120, convolution<16, convolution<6, dlib::input<dlib::matrix<float>>>>>>>>>>;

void step(dlib::dnn_trainer<lenet>& all, const std::vector<dlib::matrix<float>>& images,
          const std::vector<unsigned long>& labels) {
  all.train_one_step(images, labels);
}
