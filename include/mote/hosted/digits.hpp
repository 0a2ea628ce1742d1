// Built-in digits: a stand-in for MNIST, drawn from a seed.
//
// Each digit has a few templates: strokes given by knots. A drawing moves the knots, bends the
// plane, scales, slants and turns the result, and goes along it with a round pen.
//
// The pixels should be the same everywhere, so only + - * / and square root are used, which every
// platform rounds alike (no sine, no std distribution), and every random number is drawn in a
// statement or a braced list of its own, whose order the language fixes.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <mote/hosted/idx.hpp>

namespace mote::hosted {

namespace digits_detail {

inline constexpr std::size_t side = 28; // pixels
inline constexpr double side_length = 28;

/// SplitMix64. Numbers from 0 to 1, or around 0.
class random {
public:
  explicit random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    state_ += 0x9e3779b97f4a7c15;
    auto z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  /// 0, 1, ... n - 1; n is small.
  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>((bits() >> 32) * static_cast<std::uint64_t>(n) >> 32);
  }
  double between(double low, double high) {
    return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
  }
  /// Bell-shaped with standard deviation `deviation`, and never beyond 3.5 times that: the sum of
  /// four uniform numbers.
  double around_zero(double deviation) {
    double sum = 0;
    for (int i = 0; i < 4; ++i)
      sum += between(-1, 1);
    return sum * deviation * 0.8660254037844386;
  }

private:
  std::uint64_t state_;
};

struct point {
  double x, y;
};
inline point operator+(point a, point b) {
  return {a.x + b.x, a.y + b.y};
}
inline point operator-(point a, point b) {
  return {a.x - b.x, a.y - b.y};
}
inline point operator*(double s, point a) {
  return {s * a.x, s * a.y};
}

enum class pen {
  start,  // put the pen down: a new stroke
  curve,  // go smoothly through this point
  corner, // stop here and turn
};

/// x to the right, y down, both about 0 to 1.
struct knot {
  double x, y;
  pen kind = pen::curve;
};
using glyph = std::span<const knot>;

inline constexpr auto start = pen::start;
inline constexpr auto corner = pen::corner;

inline constexpr knot zero_round[] = {{.55, .02, start}, {.3, .15},  {.18, .5},
                                      {.28, .85},        {.5, .98},  {.74, .8},
                                      {.82, .48},        {.72, .15}, {.5, .03}};
inline constexpr knot zero_slim[] = {{.64, .1, start}, {.5, .01}, {.36, .2}, {.3, .6},
                                     {.4, .95},        {.58, .9}, {.7, .5},  {.66, .15},
                                     {.55, .05},       {.42, .1}};
inline constexpr knot one_plain[] = {{.5, 0, start}, {.5, .5}, {.5, 1}};
inline constexpr knot one_flag[] = {{.3, .25, start}, {.42, .17}, {.54, 0, corner}, {.52, 1}};
inline constexpr knot one_base[] = {
    {.3, .22, start}, {.52, 0, corner}, {.5, .97, corner}, {.25, .98, start}, {.76, .96}};
inline constexpr knot two_plain[] = {{.2, .25, start}, {.3, .08},          {.52, .02}, {.76, .2},
                                     {.62, .55},       {.18, .96, corner}, {.84, .93}};
inline constexpr knot two_loop[] = {{.22, .2, start}, {.5, .02}, {.75, .22}, {.6, .6},
                                    {.35, .93},       {.17, .9}, {.26, .76}, {.5, .84},
                                    {.68, .96},       {.9, .9}};
inline constexpr knot three_round[] = {{.22, .14, start}, {.48, .02}, {.74, .2}, {.43, .46, corner},
                                       {.7, .55},         {.76, .78}, {.5, .98}, {.2, .87}};
inline constexpr knot three_flat[] = {{.22, .05, start}, {.76, .04, corner}, {.44, .42, corner},
                                      {.7, .48},         {.78, .74},         {.5, .98},
                                      {.18, .88}};
inline constexpr knot three_loop[] = {{.25, .12, start}, {.52, .01}, {.72, .17}, {.56, .4},
                                      {.4, .47},         {.44, .52}, {.66, .52}, {.77, .72},
                                      {.56, .97},        {.22, .92}};
inline constexpr knot four_open[] = {{.26, .04, start}, {.2, .3},          {.19, .52, corner},
                                     {.84, .48},        {.72, .04, start}, {.7, .5},
                                     {.66, 1}};
inline constexpr knot four_closed[] = {{.6, .02, start}, {.4, .3},         {.15, .62, corner},
                                       {.88, .62},       {.6, .03, start}, {.6, .5},
                                       {.58, 1}};
inline constexpr knot four_round[] = {{.24, .06, start}, {.2, .36},        {.36, .52}, {.62, .46},
                                      {.76, .32},        {.8, .02, start}, {.74, .5},  {.7, 1}};
inline constexpr knot five_plain[] = {{.78, .03, start}, {.32, .05, corner}, {.26, .46, corner},
                                      {.52, .39},        {.78, .6},          {.66, .9},
                                      {.42, .98},        {.18, .88}};
inline constexpr knot five_bar[] = {{.34, .08, start}, {.28, .42, corner}, {.6, .44},
                                    {.74, .7},         {.54, .96},         {.2, .92},
                                    {.33, .08, start}, {.84, .02}};
inline constexpr knot six_round[] = {{.7, .03, start}, {.4, .22}, {.22, .6}, {.34, .94}, {.6, .95},
                                     {.76, .74},       {.6, .53}, {.36, .6}, {.26, .76}};
inline constexpr knot six_tall[] = {{.46, 0, start}, {.32, .4},  {.3, .8},  {.48, .98},
                                    {.68, .86},      {.62, .66}, {.42, .7}, {.32, .86}};
inline constexpr knot seven_plain[] = {
    {.18, .06, start}, {.5, .06}, {.8, .05, corner}, {.6, .4}, {.44, 1}};
inline constexpr knot seven_bar[] = {{.2, .08, start}, {.82, .04, corner}, {.58, .5},
                                     {.44, 1},         {.3, .55, start},   {.76, .5}};
inline constexpr knot seven_hook[] = {{.16, .22, start},  {.2, .06}, {.5, .1},
                                      {.82, .06, corner}, {.66, .4}, {.6, 1}};
inline constexpr knot eight_turn[] = {{.74, .14, start}, {.5, .01}, {.28, .2},  {.48, .46},
                                      {.74, .74},        {.5, .98}, {.26, .78}, {.5, .48},
                                      {.74, .24},        {.66, .08}};
inline constexpr knot eight_rings[] = {{.5, .46, start}, {.28, .24}, {.5, .02},
                                       {.7, .22},        {.5, .46},  {.24, .74},
                                       {.5, .98},        {.75, .74}, {.52, .47}};
inline constexpr knot nine_straight[] = {{.72, .16, start}, {.48, .02}, {.25, .24},
                                         {.4, .47},         {.66, .36}, {.74, .12, corner},
                                         {.72, .5},         {.66, 1}};
inline constexpr knot nine_curled[] = {{.7, .2, start}, {.46, .03}, {.26, .26},
                                       {.44, .46},      {.7, .26},  {.74, .5},
                                       {.62, .9},       {.44, .98}, {.26, .88}};

/// The ways to write each digit, three for each so that one number chooses.
inline constexpr std::array<std::array<glyph, 3>, 10> glyphs{{
    {zero_round, zero_slim, zero_round},
    {one_plain, one_flag, one_base},
    {two_plain, two_loop, two_plain},
    {three_round, three_flat, three_loop},
    {four_open, four_closed, four_round},
    {five_plain, five_bar, five_plain},
    {six_round, six_tall, six_round},
    {seven_plain, seven_bar, seven_hook},
    {eight_turn, eight_rings, eight_turn},
    {nine_straight, nine_curled, nine_straight},
}};

inline constexpr std::size_t most_knots = 16;
static_assert(std::ranges::all_of(glyphs, [](const auto& ways) {
  return std::ranges::all_of(ways, [](glyph g) { return g.size() <= most_knots; });
}));

/// A piece of a stroke; the strokes of a drawing in order.
struct segment {
  point a, b;
};
using drawing = std::vector<segment>;

/// Knots in a row as short segments, each span a cubic with the slopes of its neighbours.
inline void trace(glyph knots, drawing& out) {
  constexpr int pieces = 6;
  const auto at = [&](std::size_t i) { return point{knots[i].x, knots[i].y}; };
  const auto smooth = [&](std::size_t i) {
    return knots[i].kind == pen::curve && i + 1 < knots.size() && knots[i + 1].kind != pen::start;
  };
  for (std::size_t i = 1; i < knots.size(); ++i) {
    if (knots[i].kind == pen::start)
      continue;
    const point p = at(i - 1), q = at(i);
    point leave = q - p, arrive = q - p;
    if (smooth(i - 1))
      leave = 0.5 * (q - at(i - 2));
    if (smooth(i))
      arrive = 0.5 * (at(i + 1) - p);
    if (!smooth(i - 1)) // an end has one slope that is free: the span becomes a parabola
      leave = 1.5 * (q - p) - 0.5 * arrive;
    else if (!smooth(i))
      arrive = 1.5 * (q - p) - 0.5 * leave;
    point last = p;
    for (int k = 1; k <= pieces; ++k) {
      const double t = static_cast<double>(k) / pieces, u = 1 - t;
      const point next = u * u * (1 + 2 * t) * p + t * t * (3 - 2 * t) * q + t * u * u * leave -
                         t * t * u * arrive;
      out.push_back({last, next});
      last = next;
    }
  }
}

/// A smooth random displacement of the plane: vectors on a coarse grid, quadratic B-splines between
/// them.
class bend {
public:
  bend(random& rng, double deviation) {
    for (auto& row : grid_)
      for (auto& vector : row)
        vector = {rng.around_zero(deviation), rng.around_zero(deviation)};
  }

  point operator()(point p) const {
    const auto [column, u] = locate(p.x);
    const auto [row, v] = locate(p.y);
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t k = 0; k < 3; ++k)
        p = p + v[i] * u[k] * grid_[row + i][column + k];
    return p;
  }

private:
  static constexpr std::size_t cells = 3;

  struct place {
    std::size_t first;
    std::array<double, 3> weight;
  };

  /// The cells divide -0.25 to 1.25; what lies beyond moves as the rim does.
  static place locate(double x) {
    const double scaled = std::clamp((x + 0.25) / 1.5, 0.0, 0.999) * static_cast<double>(cells);
    const auto first = static_cast<std::size_t>(scaled);
    const double t = scaled - static_cast<double>(first), u = 1 - t;
    return {first, {0.5 * u * u, 0.5 + t * u, 0.5 * t * t}};
  }

  std::array<std::array<point, cells + 2>, cells + 2> grid_;
};

/// The template `label` in a handwriting of its own, in the unit square.
inline void sketch(std::size_t label, random& rng, drawing& out) {
  const glyph model = glyphs[label][rng.below(3)];
  std::array<knot, most_knots> knots{};
  const double sloppiness = rng.between(0.01, 0.06);
  for (std::size_t i = 0; i < model.size(); ++i)
    knots[i] = {model[i].x + rng.around_zero(sloppiness), model[i].y + rng.around_zero(sloppiness),
                model[i].kind};
  trace(std::span(knots).first(model.size()), out);
  const bend warp(rng, 0.11);
  for (auto& s : out)
    s = {warp(s.a), warp(s.b)};
}

/// Turns, slants and stretches about the middle.
inline void deform(drawing& lines, random& rng) {
  const double half = std::clamp(rng.around_zero(0.045), -0.13, 0.13); // tan(angle / 2): +- 15 deg
  const double cosine = (1 - half * half) / (1 + half * half);
  const double sine = 2 * half / (1 + half * half);
  const double slant = 0.1 + rng.around_zero(0.2);
  const double breadth = rng.between(0.75, 1.2);
  const auto move = [&](point p) {
    const double y = p.y - 0.5;
    const double x = (p.x - 0.5) * breadth - slant * y;
    return point{cosine * x - sine * y, sine * x + cosine * y};
  };
  for (auto& s : lines)
    s = {move(s.a), move(s.b)};
}

/// Scales the drawing to a box of about 20 pixels about the middle of the image, as MNIST does.
inline void fit(drawing& lines, random& rng, double pen_radius) {
  point low{1e9, 1e9}, high{-1e9, -1e9};
  for (const auto& s : lines)
    for (const point p : {s.a, s.b}) {
      low = {std::min(low.x, p.x), std::min(low.y, p.y)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
  const double box = rng.between(17.5, 21) - 2 * pen_radius;
  const double scale = box / std::max(high.x - low.x, high.y - low.y);
  const point centre = 0.5 * (low + high);
  const point middle{side_length / 2 + rng.around_zero(0.75),
                     side_length / 2 + rng.around_zero(0.75)};
  for (auto& s : lines)
    s = {scale * (s.a - centre) + middle, scale * (s.b - centre) + middle};
}

/// The grey values of an image while it is drawn: 0 to 1, [side][side].
using canvas = std::array<double, side * side>;

inline double squared_distance(point p, const segment& s) {
  const point along = s.b - s.a, from = p - s.a;
  const double length = along.x * along.x + along.y * along.y;
  const double dot = along.x * from.x + along.y * from.y;
  const double t = length > 0 ? std::clamp(dot / length, 0.0, 1.0) : 0.0;
  const point gap = from - t * along;
  return gap.x * gap.x + gap.y * gap.y;
}

/// The first and one past the last pixel whose centre may be in [low, high].
inline std::array<std::size_t, 2> pixels_between(double low, double high) {
  const double first = std::clamp(low - 0.5, 0.0, side_length);
  const double last = std::clamp(high + 0.5, 0.0, side_length);
  return {static_cast<std::size_t>(first), static_cast<std::size_t>(last)};
}

/// Goes along the lines with a round pen (radius in pixels). Only the pixels near a segment are
/// looked at.
inline void ink(const drawing& lines, double radius, canvas& image) {
  constexpr double soft = 0.6; // half the breadth of the edge, in pixels
  const double reach = radius + soft;
  canvas nearest; // squared distances
  nearest.fill(reach * reach);
  for (const auto& s : lines) {
    const auto [x0, x1] =
        pixels_between(std::min(s.a.x, s.b.x) - reach, std::max(s.a.x, s.b.x) + reach);
    const auto [y0, y1] =
        pixels_between(std::min(s.a.y, s.b.y) - reach, std::max(s.a.y, s.b.y) + reach);
    for (std::size_t y = y0; y < y1; ++y)
      for (std::size_t x = x0; x < x1; ++x) {
        const point centre{static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5};
        auto& best = nearest[y * side + x];
        best = std::min(best, squared_distance(centre, s));
      }
  }
  for (std::size_t i = 0; i < image.size(); ++i)
    image[i] = nearest[i] < reach * reach
                   ? std::min(1.0, (reach - std::sqrt(nearest[i])) / (2 * soft))
                   : 0.0;
}

/// Mixes each pixel with its neighbours: 1 - 2 `share` of itself, `share` of each, along rows and
/// then along columns. The outermost pixels, where ink is rare, stay as they are.
inline void blur(canvas& image, double share) {
  for (const std::size_t step : {std::size_t{1}, side}) {
    const canvas old = image;
    for (std::size_t y = 1; y + 1 < side; ++y)
      for (std::size_t i = y * side + 1; i + 1 < (y + 1) * side; ++i)
        image[i] = (1 - 2 * share) * old[i] + share * (old[i - step] + old[i + step]);
  }
}

/// Bytes, with a little grain where there is ink.
inline void develop(const canvas& image, random& rng, std::span<std::uint8_t> pixels) {
  const double level = rng.between(200, 270);
  const double grain = rng.between(0, 25);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    double value = image[i] * level;
    if (value > 0)
      value += rng.between(-grain, grain);
    pixels[i] = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
  }
}

inline void draw(std::size_t label, random& rng, drawing& lines, std::span<std::uint8_t> pixels) {
  lines.clear();
  const double pen_radius = rng.between(0.7, 1.9);
  sketch(label, rng, lines);
  deform(lines, rng);
  fit(lines, rng, pen_radius);
  canvas image;
  ink(lines, pen_radius, image);
  blur(image, rng.between(0.02, 0.12));
  develop(image, rng, pixels);
}

} // namespace digits_detail

/// `count` grey images of 28 x 28 of the digits 0 to 9, each digit equally likely.
///
/// The same seed gives the same images on every run and platform, and a smaller count gives the
/// first of them. Different seeds give unrelated images.
inline image_set draw_digits(std::size_t count, std::uint64_t seed) {
  using namespace digits_detail;
  constexpr std::size_t area = side * side;
  image_set set{side, side, std::vector<std::uint8_t>(count * area),
                std::vector<std::uint8_t>(count)};
  random rng(seed);
  drawing lines; // outside the loop to keep its memory
  for (std::size_t i = 0; i < count; ++i) {
    const auto label = rng.below(10);
    set.labels[i] = static_cast<std::uint8_t>(label);
    draw(label, rng, lines, std::span(set.pixels).subspan(i * area, area));
  }
  return set;
}

} // namespace mote::hosted
